"""User association and resource allocation (Koh & Yang 2025) as a PettingZoo ParallelEnv. The world runs in `outrider env`."""

import numpy as np
from gymnasium.spaces import Box, Discrete
from pettingzoo import ParallelEnv

from .process import OutriderProcess

#: Worlds of seeds from here on are those that `outrider train masac` keeps for its evaluation: do not train on them.
FIRST_HELD_OUT_SEED = 2**32

#: Costs in infos, and their keys in the lines of `outrider env`.
COSTS = (("cost_ms", "costMs"), ("random_cost_ms", "randomCostMs"), ("latency_ms", "latencyMs"))


def parallel_env(**settings):
    """The same as :class:`OutriderEnv`; the name that PettingZoo's own environments have."""
    return OutriderEnv(**settings)


class OutriderEnv(ParallelEnv):
    """
    M devices and E servers, slot by slot. All agents get the same reward, the team's.

    `agents="servers"` (the paper's): agent server_j. Observation: float32 [5 + 14 M]: 5 numbers of the server, then for each device 1 if
    the server can serve it, 7 numbers of the device, 6 of the link. Action: float32 [2 M] in -8 to 8: scores for y (band) and z (computing)
    of device 0, of device 1, ...; the shares of a server are the softmaxes of the scores of the devices that it has, with one more place that
    scores 0. Swaps (TMA) associate devices.

    `agents="devices"`: agent device_i. Observation: float32 [8 + 12 E]: 1 if the device has a task, 7 numbers of it, then for each server 1 if
    it can be chosen, 6 numbers of the link, 5 of the server. Action: the server, 0 to E - 1; a server that can't be reached counts as the
    one with the highest gain. Shares are closed forms, so they are optimal for the gains that are seen.

    Observations are shifted and scaled to mean 0 and deviation 1, always by the same worlds. Devices without a task have zeros, and what
    agents say about them counts for nothing. infos[agent]: "action_mask" (agents "devices", int8 [E]: the servers to choose from; all 1
    without a task), "can_serve" (agents "servers", int8 [M]), and "cost_ms", "random_cost_ms", "latency_ms" of the slot that was decided
    (0 after a reset).
    """

    metadata = {"name": "outrider_v0", "render_modes": [], "is_parallelizable": True}

    def __init__(
        self,
        scenario="paper",
        overrides=(),
        agents="servers",
        slots=100,
        reward="team",
        reward_unit_ms=None,
        command=None,
    ):
        """
        :param scenario: one that comes with outrider, or a file
        :param overrides: texts such as "devices.count=10", as for --set
        :param agents: "servers" or "devices"
        :param slots: of an episode, which is then truncated; it never terminates
        :param reward: "team", or "device" (agents "devices" only): minus the agent's own part of the cost, times M
        :param reward_unit_ms: None: the reward is -J / J random, -1 for chance, in each slot. A number: -J over this number of ms, the
            same unit in all slots, for returns over coupled slots (a policy that fills queues makes chance worse, too)
        :param command: how outrider is started, as a list
        """
        if reward not in ("team", "device") or (reward == "device" and agents != "devices"):
            raise ValueError('reward is "team", or "device" with agents="devices"')
        parameters = ["--scenario", str(scenario), "--agents", agents, "--slots", str(slots)]
        for one in overrides:
            parameters += ["--set", one]
        self._process = OutriderProcess(parameters, command)
        hello = self._process.hello
        self.device_count = hello["deviceCount"]
        self.server_count = hello["serverCount"]
        self.possible_agents = list(hello["agents"])
        self.agents = []
        self.render_mode = None
        self._reward = reward
        self._unit_ms = reward_unit_ms
        self._by_device = agents == "devices"
        self._mask_name = "action_mask" if self._by_device else "can_serve"
        self._random = np.random.default_rng()
        self._observation_spaces = {
            name: Box(-np.inf, np.inf, (hello["observationLength"],), np.float32) for name in self.possible_agents
        }
        action = hello["action"]
        self._action_spaces = {
            name: Discrete(action["count"])
            if action["kind"] == "server"
            else Box(action["low"], action["high"], (action["length"],), np.float32)
            for name in self.possible_agents
        }

    def observation_space(self, agent):
        return self._observation_spaces[agent]

    def action_space(self, agent):
        return self._action_spaces[agent]

    def reset(self, seed=None, options=None):
        """
        A new world. The same seed, 0 to 2**53 - 1, gives the same world on any machine. Without a seed the next world follows from the last
        seed that was given. `options` are not used.
        """
        if seed is not None:
            self._random = np.random.default_rng(seed)
            world = int(seed)
        else:
            world = int(self._random.integers(2**31))
        slot = self._process.ask({"kind": "reset", "seed": world})
        self.agents = list(self.possible_agents)
        return self._observations(slot), self._infos(slot)

    def step(self, actions):
        listed = [self._plain(actions[name]) for name in self.agents]
        slot = self._process.ask({"kind": "step", "actions": listed})
        names = self.agents
        observations, infos = self._observations(slot), self._infos(slot)
        rewards = dict(zip(names, self._rewards(slot), strict=True))
        truncated = bool(slot["truncated"])
        if truncated:
            self.agents = []
        return observations, rewards, dict.fromkeys(names, False), dict.fromkeys(names, truncated), infos

    def close(self):
        self._process.close()

    def _rewards(self, slot):
        unit = 1.0 if self._unit_ms is None else slot["randomCostMs"] / self._unit_ms
        if self._reward == "device":
            return [-unit * cost for cost in slot["deviceCost"]]
        return [unit * slot["reward"]] * len(self.possible_agents)

    def _plain(self, action):
        return int(action) if self._by_device else np.asarray(action, dtype=np.float64).tolist()

    def _observations(self, slot):
        return {
            name: np.asarray(row, dtype=np.float32)
            for name, row in zip(self.possible_agents, slot["observations"], strict=True)
        }

    def _infos(self, slot):
        costs = {name: float(slot.get(key, 0)) for name, key in COSTS}
        return {
            name: {self._mask_name: np.asarray(mask, dtype=np.int8), **costs}
            for name, mask in zip(self.possible_agents, slot["masks"], strict=True)
        }
