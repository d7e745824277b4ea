"""
Outrider as a task of BenchMARL (tried with benchmarl 1.5.2, torchrl 0.11.1, torch 2.13.0 on a CPU):

    pip install benchmarl ./python/outrider-env
    python python/outrider-env/benchmarl/outrider_task.py --iterations 20

`OutriderTask.SHARES.get_from_config(...)` is a task as any other: give it to Experiment or Benchmark with the algorithm of your choice.
"""

import argparse
import copy

from benchmarl.environments.common import Task, TaskClass
from outrider_env import parallel_env
from torchrl.data import Composite
from torchrl.envs.libs.pettingzoo import PettingZooWrapper


class OutriderClass(TaskClass):
    """Its config: the arguments of outrider_env.OutriderEnv."""

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        config = copy.deepcopy(self.config)

        def make():
            env = parallel_env(**config)
            # A group of the name "device" would clash with an attribute of torchrl's specs.
            groups = {"agents": list(env.possible_agents)}
            return PettingZooWrapper(
                env=env,
                return_state=False,
                group_map=groups,
                categorical_actions=True,
                use_mask=False,
                seed=seed,
                device=device,
            )

        return make

    def supports_continuous_actions(self):
        return self.config.get("agents", "servers") == "servers"

    def supports_discrete_actions(self):
        return not self.supports_continuous_actions()

    def max_steps(self, env):
        return self.config.get("slots", 100)

    def has_render(self, env):
        return False

    def group_map(self, env):
        return env.group_map

    def observation_spec(self, env):
        return self._only(env, "observation")

    def info_spec(self, env):
        return None

    def state_spec(self, env):
        return None

    def action_mask_spec(self, env):
        return self._only(env, "action_mask")

    def action_spec(self, env):
        return env.full_action_spec

    @staticmethod
    def env_name():
        return "outrider"

    def _only(self, env, key):
        """The part of the observations with this key; None where there is none."""
        groups = {
            group: Composite({key: env.observation_spec[group][key].clone()}, shape=env.observation_spec[group].shape)
            for group in self.group_map(env)
            if key in env.observation_spec[group].keys()
        }
        return Composite(groups) if groups else None


class OutriderTask(Task):
    """SHARES: the paper's agents, the servers. ASSOCIATION: each device chooses its server."""

    SHARES = None
    ASSOCIATION = None

    @staticmethod
    def associated_class():
        return OutriderClass

    def config(self, **changes):
        """The task with the arguments of OutriderEnv; defaults: preset paper, 30 devices, 4 servers, 100 slots."""
        agents = "servers" if self is OutriderTask.SHARES else "devices"
        return self.get_task(config={"scenario": "paper", "slots": 100, "agents": agents, **changes})


def train(task, iterations, frames=400, seed=0, folder=None):
    """MASAC on a CPU for some iterations. Returns BenchMARL's Experiment after its run."""
    from benchmarl.algorithms import MasacConfig
    from benchmarl.experiment import Experiment, ExperimentConfig
    from benchmarl.models.mlp import MlpConfig

    config = ExperimentConfig.get_from_yaml()
    config.max_n_iters, config.max_n_frames = iterations, None
    config.off_policy_collected_frames_per_batch = frames
    config.off_policy_n_envs_per_worker = 1
    config.off_policy_n_optimizer_steps = 50
    config.off_policy_memory_size = 20_000
    config.lr = 0.0003
    config.gamma = 0.0  # preset paper: what a slot decides hardly reaches the next one
    config.evaluation, config.render, config.loggers, config.create_json = False, False, ["csv"], False
    config.save_folder = folder
    experiment = Experiment(
        task=task,
        algorithm_config=MasacConfig.get_from_yaml(),
        model_config=MlpConfig.get_from_yaml(),
        critic_model_config=MlpConfig.get_from_yaml(),
        seed=seed,
        config=config,
    )
    experiment.run()
    return experiment


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=[one.name.lower() for one in OutriderTask], default="shares")
    parser.add_argument("--iterations", type=int, default=20, help="of 400 slots each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", help="where BenchMARL writes its CSV files")
    given = parser.parse_args()
    train(OutriderTask[given.task.upper()].config(), given.iterations, seed=given.seed, folder=given.folder)
