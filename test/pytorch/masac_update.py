"""One update of MASAC by PyTorch, as numbers for simulator/training/update.test.ts.

    python3.11 -m venv venv && venv/bin/pip install -r test/pytorch/requirements.txt
    venv/bin/python test/pytorch/masac_update.py > simulator/training/golden/masac-update.json

Small cases: what is learned by the network of pairs with a discount, by the flat network without, and association, from the team's
reward and from what each device costs. All weights,
batches and noise are drawn here; results are weights, moments, targets, temperature and losses after one update.
"""

import json
import math

import torch

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)

BATCH, DEVICES, SERVERS = 3, 4, 2
DEVICE_NUMBERS, SERVER_NUMBERS, LINK_NUMBERS = 7, 5, 6
SETTINGS = {
    "discount": 0.9,
    "actorRate": 5e-3,
    "criticRate": 1e-2,
    "alphaRate": 3e-3,
    "adamEpsilon": 1e-6,
    "gradientNorm": 5,
    "xi": 0.005,
    "targetEntropy": -1,
    "associationTemperature": 0.25,
}
SCORE_LIMIT = 8
DEVIATION_BIAS = math.log(math.e - 1)


def pair_actor(width):
    return {
        "device": (DEVICE_NUMBERS, width), "server": (SERVER_NUMBERS, width), "link": (LINK_NUMBERS, width), "bias1": (width,),
        "own": (width, width), "ofDevice": (width, width), "ofServer": (width, width), "ofAll": (width, width), "bias2": (width,),
        "out": (width, 4), "outBias": (4,),
    }


def pair_critic(width):
    numbers = DEVICE_NUMBERS + SERVER_NUMBERS + LINK_NUMBERS + 2
    return {
        "row": (numbers, width), "random": (width,), "bias1": (width,),
        "own": (width, width), "ofServer": (width, width), "ofAll": (width, width), "bias2": (width,),
        "out": (width, 1), "outBias": (1,),
    }


def flat(inputs, width, outputs):
    return {
        "layer1": (inputs, width), "bias1": (width,), "layer2": (width, width), "bias2": (width,),
        "out": (width, outputs), "outBias": (outputs,),
    }


def draw(shapes):
    return {name: 0.3 * torch.randn(shape) for name, shape in shapes.items()}


def draw_slots():
    eligible = (torch.rand(BATCH, DEVICES, SERVERS) < 0.8).double()
    eligible[:, :2] = 1
    chosen = torch.zeros(BATCH, DEVICES, SERVERS)
    for b in range(BATCH):
        for i in range(DEVICES):
            servers = eligible[b, i].nonzero().flatten().tolist()
            if servers:
                chosen[b, i, servers[(b + i) % len(servers)]] = 1
    slots = {
        "devices": torch.randn(BATCH, DEVICES, DEVICE_NUMBERS),
        "servers": torch.randn(BATCH, SERVERS, SERVER_NUMBERS),
        "links": torch.randn(BATCH, DEVICES, SERVERS, LINK_NUMBERS) * eligible[..., None],
        "eligible": eligible,
        "chosen": chosen,
        "lnRandom": torch.randn(BATCH, 1),
    }
    served = chosen.sum(2, keepdim=True)
    rows = torch.cat([slots["devices"], chosen @ slots["servers"], (slots["links"] * chosen[..., None]).sum(2)], 2) * served
    return slots, rows


def output_of_actor(p, slots):
    """Four numbers for every link, [B, M, E, 4]."""
    eligible = slots["eligible"]
    if "layer1" in p:
        per_agent = []
        for j in range(SERVERS):
            links = torch.cat([eligible[:, :, j, None], slots["links"][:, :, j]], 2)
            seen = torch.cat([slots["devices"].flatten(1), links.flatten(1), slots["servers"][:, j]], 1)
            hidden = torch.relu(torch.relu(seen @ p["layer1"] + p["bias1"]) @ p["layer2"] + p["bias2"])
            per_agent.append((hidden @ p["out"] + p["outBias"]).view(BATCH, DEVICES, 4))
        return torch.stack(per_agent, 2)
    u = torch.relu(
        (slots["devices"] @ p["device"])[:, :, None] + (slots["servers"] @ p["server"])[:, None] + slots["links"] @ p["link"] + p["bias1"]
    ) * eligible[..., None]
    of_device = u.sum(2) / eligible.sum(2).clamp(min=1)[..., None]
    of_server = u.sum(1) / eligible.sum(1).clamp(min=1)[..., None]
    of_all = u.sum((1, 2)) / eligible.sum((1, 2)).clamp(min=1)[..., None]
    v = torch.relu(
        u @ p["own"] + (of_device @ p["ofDevice"])[:, :, None] + (of_server @ p["ofServer"])[:, None]
        + (of_all @ p["ofAll"])[:, None, None] + p["bias2"]
    )
    return v @ p["out"] + p["outBias"]


def draw_scores(variant, p, slots, noise):
    """Scores, and the mean entropy term -ln pi of those in use for each slot."""
    out = output_of_actor(p, slots)
    used = slots["eligible"]
    if variant == "tma-masac":
        out = (out * slots["chosen"][..., None]).sum(2)
        used = slots["chosen"].sum(2)
    mean = SCORE_LIMIT * torch.tanh(out[..., :2] / SCORE_LIMIT)
    deviation = torch.nn.functional.softplus((out[..., 2:] + DEVIATION_BIAS).clamp(max=80)).clamp(min=1e-4)
    score = mean + deviation * noise
    surprise = -torch.distributions.Normal(mean, deviation).log_prob(score)
    used = used[..., None].expand_as(surprise)
    if variant == "association":
        # It does not depend on the scores for z.
        used = used * torch.tensor([1.0, 0.0])
    axes = tuple(range(1, surprise.dim()))
    return score, (surprise * used).sum(axes) / used.sum(axes).clamp(min=1)


def ln_shares(score, chosen):
    score = score.clamp(-20, 20)
    sums = torch.einsum("bme,bmk->bek", chosen, score.exp()) + 1
    return (score - torch.einsum("bme,bek->bmk", chosen, sums.log())) * chosen.sum(2, keepdim=True)


def log_costs(p, features, shares, server, weight, ln_random):
    total = weight.sum(1, keepdim=True).clamp(min=1e-6)
    u = torch.relu(torch.cat([features, shares], 2) @ p["row"] + ln_random[:, :, None] * p["random"] + p["bias1"])
    weighted = u * weight[..., None]
    of_all = weighted.sum(1) / total
    member = torch.einsum("bre,brh->beh", server, weighted) * SERVERS / total[..., None]
    of_server = torch.einsum("bre,beh->brh", server, member @ p["ofServer"])
    v = torch.relu(u @ p["own"] + of_server + (of_all @ p["ofAll"])[:, None] + p["bias2"])
    return (v @ p["out"] + p["outBias"]).squeeze(2).clamp(max=5)


def mean_of_rows(values, weight):
    return (values * weight).sum(1) / weight.sum(1).clamp(min=1e-6)


def value_of_rows(p, features, shares, server, weight, ln_random):
    return -mean_of_rows(log_costs(p, features, shares, server, weight, ln_random).exp(), weight)


def rows_of_links(slots, weight):
    devices = slots["devices"][:, :, None].expand(-1, -1, SERVERS, -1)
    servers = slots["servers"][:, None].expand(-1, DEVICES, -1, -1)
    features = torch.cat([devices, servers, slots["links"]], 3).flatten(1, 2)
    places = torch.eye(SERVERS)[None, None].expand(BATCH, DEVICES, -1, -1).flatten(1, 2)
    return features, torch.zeros(BATCH, DEVICES * SERVERS, 2), places, weight.flatten(1)


def value(variant, p, slots, rows, score):
    if variant == "association":
        logits = torch.where(slots["eligible"] > 0.5, score[..., 0] / SETTINGS["associationTemperature"], torch.tensor(-1e4))
        weight = torch.softmax(logits, -1) * slots["eligible"]
        return value_of_rows(p, *rows_of_links(slots, weight), slots["lnRandom"])
    shares = ln_shares(score, slots["chosen"])
    if "layer1" in p:
        chosen = slots["chosen"][..., None]
        links = torch.cat([slots["eligible"][..., None], chosen, slots["links"], shares[:, :, None] * chosen], 3)
        seen = torch.cat([slots["devices"].flatten(1), slots["servers"].flatten(1), links.flatten(1), slots["lnRandom"]], 1)
        hidden = torch.relu(torch.relu(seen @ p["layer1"] + p["bias1"]) @ p["layer2"] + p["bias2"])
        return (hidden @ p["out"] + p["outBias"]).squeeze(1)
    return value_of_rows(p, rows, shares, slots["chosen"], slots["chosen"].sum(2), slots["lnRandom"])


def taken_rows(variant, batch):
    now = batch["now"]
    shares = torch.zeros(BATCH, DEVICES, 2) if variant == "association" else ln_shares(batch["score"], now["chosen"])
    return batch["rows"], shares, now["chosen"], now["chosen"].sum(2)


def taken_value(variant, p, batch):
    if variant == "association":
        return value_of_rows(p, *rows_of_links(batch["now"], batch["now"]["chosen"]), batch["now"]["lnRandom"])
    return value(variant, p, batch["now"], batch["rows"], batch["score"])


def adam(weights, rate, moments, step):
    """An optimiser that goes on from moments after step - 1 steps."""
    optimiser = torch.optim.Adam(weights.values(), lr=rate, eps=SETTINGS["adamEpsilon"])
    for name, weight in weights.items():
        optimiser.state[weight] = {
            "step": torch.tensor(float(step - 1)),
            "exp_avg": moments["first"][name].clone(),
            "exp_avg_sq": moments["second"][name].clone(),
        }
    return optimiser


def minimise(loss, weights, optimiser):
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(weights.values(), SETTINGS["gradientNorm"])
    optimiser.step()
    return {
        "first": {name: optimiser.state[one]["exp_avg"] for name, one in weights.items()},
        "second": {name: optimiser.state[one]["exp_avg_sq"] for name, one in weights.items()},
    }


def make_case(network, variant, credit, discount, step):
    link_count = DEVICES * SERVERS
    if network == "flat":
        actor = draw(flat(DEVICES * (DEVICE_NUMBERS + LINK_NUMBERS + 1) + SERVER_NUMBERS, 5, 4 * DEVICES))
        inputs = DEVICES * DEVICE_NUMBERS + SERVERS * SERVER_NUMBERS + link_count * (LINK_NUMBERS + 4) + 1
        critics = [draw(flat(inputs, 6, 1)) for _ in range(2)]
    else:
        actor = draw(pair_actor(5))
        critics = [draw(pair_critic(6)) for _ in range(2)]
    targets = [{name: one + 0.1 * torch.randn(one.shape) for name, one in critic.items()} for critic in critics]
    log_alpha = {"logAlpha": torch.tensor(-1.5)}

    def moments_of(weights):
        return {
            "first": {name: 0.01 * torch.randn(one.shape) for name, one in weights.items()},
            "second": {name: 0.001 * torch.rand(one.shape) for name, one in weights.items()},
        }

    moments = {"actor": moments_of(actor), "critics": [moments_of(one) for one in critics], "alpha": moments_of(log_alpha)}
    now, rows = draw_slots()
    after, next_rows = draw_slots()
    shape = (BATCH, DEVICES, SERVERS, 2) if variant == "association" else (BATCH, DEVICES, 2)
    batch = {
        "now": now, "rows": rows, "next": after, "nextRows": next_rows,
        "score": torch.randn(BATCH, DEVICES, 2),
        "deviceCost": torch.rand(BATCH, DEVICES) * 3,
        "reward": -torch.rand(BATCH) * 3,
        "discount": discount * torch.tensor([1.0, 0.0, 1.0]),
        "noise": torch.randn(shape), "nextNoise": torch.randn(shape),
    }
    given = to_json({
        "actor": actor, "critics": critics, "targets": targets, "logAlpha": log_alpha["logAlpha"], "moments": moments, "batch": batch,
    })
    # With the numbers as they are written, all digits of them.
    read = from_json(given)
    log_alpha = {"logAlpha": read["logAlpha"]}
    after_update = update(
        variant, credit, read["actor"], read["critics"], read["targets"], log_alpha, read["moments"], read["batch"], discount, step
    )
    return {
        "network": network, "variant": variant, "credit": credit, "step": step, "settings": {**SETTINGS, "discount": discount},
        "given": given, "expected": to_json(after_update),
    }


def update(variant, credit, actor, critics, targets, log_alpha, moments, batch, discount, step):
    for tensors in (actor, *critics, log_alpha):
        for one in tensors.values():
            one.requires_grad_(True)
    alpha = log_alpha["logAlpha"].exp().detach()
    with torch.no_grad():
        target = batch["reward"]
        if discount > 0:
            score, entropy = draw_scores(variant, actor, batch["next"], batch["nextNoise"])
            least = torch.minimum(*(value(variant, p, batch["next"], batch["nextRows"], score) for p in targets))
            target = target + batch["discount"] * (least + alpha * entropy)
    critic_loss = 0.0
    critic_moments = []
    for critic, before in zip(critics, moments["critics"]):
        if credit == "device":
            rows = taken_rows(variant, batch)
            g = log_costs(critic, *rows, batch["now"]["lnRandom"])
            cost = (batch["deviceCost"] - (target - batch["reward"])[:, None]).clamp(min=0)
            loss = mean_of_rows(g.exp() - cost * g, rows[3]).mean()
        else:
            loss = ((taken_value(variant, critic, batch) - target) ** 2).mean()
        critic_loss += loss.item()
        critic_moments.append(minimise(loss, critic, adam(critic, SETTINGS["criticRate"], before, step)))
    score, entropy = draw_scores(variant, actor, batch["now"], batch["noise"])
    least = torch.minimum(*(value(variant, p, batch["now"], batch["rows"], score) for p in critics))
    actor_loss = (-alpha * entropy - least).mean()
    actor_moments = minimise(actor_loss, actor, adam(actor, SETTINGS["actorRate"], moments["actor"], step))
    alpha_loss = -log_alpha["logAlpha"] * (-entropy.detach() + SETTINGS["targetEntropy"]).mean()
    alpha_moments = minimise(alpha_loss, log_alpha, adam(log_alpha, SETTINGS["alphaRate"], moments["alpha"], step))
    with torch.no_grad():
        moved = [
            {name: one + SETTINGS["xi"] * (critic[name] - one) for name, one in old.items()} for old, critic in zip(targets, critics)
        ]
    return {
        "actor": actor, "critics": critics, "targets": moved, "logAlpha": log_alpha["logAlpha"],
        "moments": {"actor": actor_moments, "critics": critic_moments, "alpha": alpha_moments},
        "criticLoss": critic_loss, "actorLoss": actor_loss.item(), "alpha": alpha.item(), "entropy": entropy.mean().item(),
    }


def to_json(value):
    if isinstance(value, torch.Tensor):
        return {"shape": list(value.shape), "values": [float(f"{one:.7g}") for one in value.detach().flatten().tolist()]}
    if isinstance(value, dict):
        return {name: to_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [to_json(one) for one in value]
    return value


def from_json(value):
    if isinstance(value, list):
        return [from_json(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"shape", "values"}:
        return torch.tensor(value["values"]).reshape(value["shape"])
    return {name: from_json(one) for name, one in value.items()}


print(json.dumps({
    "torch": torch.__version__.split("+")[0],
    "cases": [
        make_case("pairs", "tma-masac", "team", 0.9, 3),
        make_case("flat", "tma-masac", "team", 0.0, 1),
        make_case("pairs", "association", "team", 0.9, 2),
        make_case("pairs", "tma-masac", "device", 0.0, 2),
        make_case("pairs", "association", "device", 0.9, 3),
    ],
}))
