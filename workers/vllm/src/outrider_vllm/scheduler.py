"""A scheduler whose sessions may be cut back. vLLM's own resumable requests can only grow.

`scheduler_cls` and the method below are not public in vLLM: versions.py names those that were compared with this file.
"""

from vllm.v1.core.sched.scheduler import Scheduler

KEEP = "outrider_keep"
"""In `extra_args` of an update: how many tokens of the session stay."""


class CuttingScheduler(Scheduler):
    def _update_request_as_session(self, session, update) -> None:
        keep = update.sampling_params.extra_args[KEEP]
        # The blocks stay allocated and are written over: without a prefix cache no other session reads them.
        session.num_computed_tokens = keep
        del session.prompt_token_ids[keep:]
        session.num_prompt_tokens = keep
        # The method of the base class drops the token that was sampled behind the computed ones, so there must be one.
        session._all_token_ids[keep:] = [0]
        super()._update_request_as_session(session, update)
