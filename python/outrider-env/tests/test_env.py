"""The environment against PettingZoo's own test, and what it promises. Needs a way to start outrider: OUTRIDER_COMMAND."""

import unittest
import warnings

import numpy as np
from outrider_env import OutriderError, parallel_env
from pettingzoo.test import parallel_api_test, parallel_seed_test

SMALL = ("devices.count=5", "servers.placement.count=2", "channel.shadowing=false")


def make(**settings):
    return parallel_env(**{"overrides": SMALL, "slots": 12, **settings})


def rollout(env, seed, actions=7):
    """Observations, rewards and costs of an episode with drawn actions."""
    random = np.random.default_rng(actions)
    observations, _ = env.reset(seed=seed)
    seen = [np.concatenate([observations[name] for name in env.possible_agents])]
    rewards, costs = [], []
    while env.agents:
        chosen = {}
        for name in env.agents:
            space = env.action_space(name)
            chosen[name] = random.integers(space.n) if hasattr(space, "n") else random.uniform(-8, 8, space.shape)
        observations, reward, _, _, infos = env.step(chosen)
        seen.append(np.concatenate([observations[name] for name in env.possible_agents]))
        rewards.append([reward[name] for name in env.possible_agents])
        costs.append(infos[env.possible_agents[0]]["cost_ms"])
    return np.array(seen), np.array(rewards), np.array(costs)


class ParallelApi(unittest.TestCase):
    def check(self, **settings):
        env = make(**settings)
        self.addCleanup(env.close)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parallel_api_test(env, num_cycles=30)

    def test_servers(self):
        self.check(agents="servers")

    def test_devices_that_come_and_go_in_coupled_slots(self):
        self.check(agents="devices", scenario="coupled", overrides=("channel.shadowing=false",))

    def test_same_seed_twice_in_two_processes(self):
        parallel_seed_test(lambda: make(agents="devices"), num_cycles=20)


class Promises(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers, cls.devices = make(agents="servers"), make(agents="devices")

    @classmethod
    def tearDownClass(cls):
        cls.servers.close()
        cls.devices.close()

    def test_a_seed_gives_the_same_world_and_another_seed_another(self):
        for env in (self.servers, self.devices):
            one, other, same = rollout(env, 4), rollout(env, 5), rollout(env, 4)
            for a, b in zip(one, same, strict=True):
                np.testing.assert_array_equal(a, b)
            self.assertFalse(np.array_equal(one[0], other[0]))

    def test_actions_decide(self):
        for env in (self.servers, self.devices):
            self.assertFalse(np.array_equal(rollout(env, 4, 1)[2], rollout(env, 4, 2)[2]))

    def test_without_a_seed_worlds_follow_from_the_last_seed(self):
        def worlds():
            self.devices.reset(seed=1)
            return [self.devices.reset()[0]["device_0"] for _ in range(2)]

        first, again = worlds(), worlds()
        np.testing.assert_array_equal(first, again)
        self.assertFalse(np.array_equal(first[0], first[1]))

    def test_episodes_have_their_length_and_are_truncated(self):
        self.assertEqual(len(rollout(self.devices, 1)[1]), 12)
        self.assertEqual(self.devices.agents, [])

    def test_observations_are_about_1_and_masks_fit(self):
        seen = np.concatenate([rollout(self.servers, seed)[0] for seed in range(3)])
        self.assertLess(np.abs(seen).max(), 30)
        self.assertEqual(self.servers.reset(seed=3)[1]["server_0"]["can_serve"].shape, (5,))
        self.assertEqual(self.devices.reset(seed=3)[1]["device_0"]["action_mask"].shape, (2,))

    def test_rewards_of_devices_and_of_a_unit(self):
        team = rollout(self.devices, 9)
        own = make(agents="devices", reward="device", reward_unit_ms=1000.0)
        self.addCleanup(own.close)
        _, rewards, costs = rollout(own, 9)
        np.testing.assert_array_equal(costs, team[2])
        np.testing.assert_allclose(rewards.mean(1), -costs / 1000.0, rtol=1e-5)

    def test_refuses_what_does_not_fit_and_goes_on(self):
        env = self.devices
        env.reset(seed=1)
        with self.assertRaises(OutriderError) as caught:
            env.step(dict.fromkeys(env.agents, 7))
        self.assertEqual(caught.exception.code, "bad-argument")
        self.assertIn("device_0", caught.exception.cause)
        env.step(dict.fromkeys(env.agents, 0))
        with self.assertRaises(OutriderError):
            make(scenario="nowhere")
        with self.assertRaises(OutriderError):
            make(command=["/no/such/outrider"])
        with self.assertRaises(ValueError):
            make(agents="servers", reward="device")


if __name__ == "__main__":
    unittest.main()
