# Steps per second of processor time of mobile-env, the best of some repeats. Actions are drawn beforehand, so that only the simulator is
# timed. Arguments: steps, repeats.
import sys, time
import gymnasium, mobile_env
steps, repeats = int(sys.argv[1]), int(sys.argv[2])
env = gymnasium.make("mobile-large-central-v0")
env.reset(seed=1)
env.action_space.seed(1)
actions = [env.action_space.sample() for _ in range(steps)]
best = 0.0
for _ in range(repeats):
    env.reset(seed=1)
    start = time.process_time()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset(seed=1)
    best = max(best, steps / (time.process_time() - start))
print(best)
