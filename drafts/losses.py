"""How far a draft is from its target: on the ids the draft can say, and on the states behind them."""

import torch
from torch import Tensor
from torch.nn import functional

#: Positions whose logits are in memory at once.
CHUNK = 512


class Divergence(torch.autograd.Function):
    """Mean Kullback-Leibler divergence of the draft from the target, both over the draft's ids, in nats.

    Inputs: `states` [positions, width] of the draft (bfloat16), `head` [ids, width] (bfloat16), the target's `target_states`
    and `target_head` of the same sizes, `weights` [positions]. Logits never exist for more than CHUNK positions, so the
    gradient is made in the forward pass.
    """

    @staticmethod
    def forward(context, states, head, target_states, target_head, weights):
        scale = weights / weights.sum()
        total = torch.zeros((), device=states.device)
        to_states = torch.empty_like(states)
        to_head = torch.zeros_like(head, dtype=torch.float32) if head.requires_grad else None
        for at in range(0, len(states), CHUNK):
            part = slice(at, at + CHUNK)
            wanted = functional.log_softmax(functional.linear(target_states[part], target_head).float(), dim=-1)
            said = functional.log_softmax(functional.linear(states[part], head).float(), dim=-1)
            chance = wanted.exp()
            total += ((wanted - said).mul_(chance).sum(dim=-1) * scale[part]).sum()
            slope = said.exp_().sub_(chance).mul_(scale[part, None]).to(torch.bfloat16)
            to_states[part] = slope @ head
            if to_head is not None:
                to_head += (slope.T @ states[part]).float()
        context.save_for_backward(to_states, to_head)
        return total

    @staticmethod
    def backward(context, slope):
        to_states, to_head = context.saved_tensors
        return to_states * slope, None if to_head is None else (to_head * slope).to(torch.bfloat16), None, None, None


def relative_error(x: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of |x - wanted|^2 / |wanted|^2 over positions; both [positions, width]."""
    wanted = wanted.float()
    error = (x.float() - wanted).square().sum(dim=-1) / wanted.square().sum(dim=-1)
    return (error * weights).sum() / weights.sum()
