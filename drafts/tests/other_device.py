"""A device that isn't there: CPU tensors that say they are on a GPU, and calls that refuse to mix them with others, as CUDA's do.

Stands in for CUDA where there is none. It sees what Python calls, not what autograd does with it.
"""

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

GPU = torch.device("cuda:0")
#: CUDA tensors may be indexed with CPU ones; these give Python numbers or nothing.
MAY_MIX = {Tensor.__getitem__, Tensor.__setitem__, Tensor.copy_, Tensor.device.__get__}
TO_CPU = {Tensor.cpu}


class MixedDevices(RuntimeError):
    pass


def place(tensor: Tensor) -> Tensor:
    tensor.is_elsewhere = True
    return tensor


def place_module(module: nn.Module) -> None:
    """In place of `module.to(GPU)`."""
    for weight in module.parameters():
        place(weight)


def is_elsewhere(tensor: Tensor) -> bool:
    return tensor.__dict__.get("is_elsewhere", False)


def tensors_in(value):
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from tensors_in(one)


class OtherDevice(TorchFunctionMode):
    """While it is entered, `GPU` may be named as a device."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        given = [*tensors_in(args), *tensors_in(list(kwargs.values()))]
        elsewhere = [is_elsewhere(tensor) for tensor in given]
        if func == Tensor.device.__get__ and elsewhere[0]:
            return GPU
        device = kwargs.pop("device", None)
        if func is Tensor.to and any(isinstance(one, torch.device) for one in args):
            device, args = args[1], (args[0], *args[2:])
        if device is not None:
            with torch._C.DisableTorchFunction():
                result = args[0].detach().clone() if func is Tensor.to else func(*args, **kwargs)
            return place(result) if torch.device(device).type == "cuda" else result
        # A number in a CPU tensor may take part, but not beside others in one list.
        numbers = all(is_elsewhere(one) or one.dim() == 0 for one in given) and func is not torch.stack
        if any(elsewhere) and not all(elsewhere) and not numbers and func not in MAY_MIX:
            raise MixedDevices(f"{func.__name__} mixes devices")
        result = func(*args, **kwargs)
        if any(elsewhere) and func not in TO_CPU and not (func in MAY_MIX and not elsewhere[0]):
            for tensor in tensors_in(result):
                place(tensor)
        elif func is Tensor.cpu:
            return result.clone()
        return result
