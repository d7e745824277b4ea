"""What a person can cause and mend: one line of cause, one of remedy, exit code 2. Decides no cause itself."""


class Refusal(Exception):
    """Work that can't begin or go on. `cause` and `remedy` are one line each."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
