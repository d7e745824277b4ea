"""What an `evaluate` may hold, given the limits of the hello and what each sequence holds. It keeps the lengths and evaluates nothing."""

from .frames import BadFrame, Item

PADDING = 16
"""Ids that the context holds beside `contextLength`."""
LARGEST_BESIDE = (0xFFFF - 64) // 2
"""Ids that a row may be asked for: it counts its candidates in 16 bits."""


class SequenceLengths:
    """How many ids each sequence holds; a sequence is unknown after a step that failed, and then only `keep` 0 is allowed."""

    def __init__(self, hello: dict) -> None:
        self.limits = hello["limits"]
        self.vocabulary = hello["vocabularySize"]
        self.lengths: dict[int, int] = {}

    def check(self, items: list[Item]) -> None:
        """@raises BadFrame"""
        largest = self.limits["largestCall"]
        if not items:
            raise BadFrame("a step has no items")
        if len({item.sequence for item in items}) < len(items):
            raise BadFrame("a step names a sequence twice")
        for item in items:
            self.check_item(item)
        total = sum(len(item.ids) for item in items)
        if total > largest:
            raise BadFrame(f"a step has {total} ids, the largest call {largest}")

    def check_item(self, item: Item) -> None:
        name, size, capacity = f"sequence {item.sequence}", len(item.ids), self.limits["contextLength"] + PADDING
        if item.sequence >= self.limits["maxSequences"]:
            raise BadFrame(f"{name} is not below {self.limits['maxSequences']}")
        if item.keep > self.lengths.get(item.sequence, 0):
            raise BadFrame(f"{name} holds {self.lengths.get(item.sequence, 0)} ids, not {item.keep}")
        if size == 0 or item.rows > size:
            raise BadFrame(f"{name} has {size} ids and {item.rows} rows")
        if item.keep + size > capacity:
            raise BadFrame(f"{name} would hold {item.keep + size} ids, its context {capacity}")
        if int(item.ids.max()) >= self.vocabulary:
            raise BadFrame(f"{name} has the id {int(item.ids.max())}, the vocabulary {self.vocabulary}")
        for row, ask in item.asks.items():
            if row >= item.rows or len(ask.beside) > LARGEST_BESIDE or any(id_ >= self.vocabulary for id_ in ask.beside):
                raise BadFrame(f"{name} has an ask for a row that it does not have, or for ids that there are not")

    def evaluated(self, items: list[Item]) -> None:
        for item in items:
            self.lengths[item.sequence] = item.keep + len(item.ids)

    def failed(self, items: list[Item]) -> None:
        for item in items:
            if item.sequence < self.limits["maxSequences"]:
                self.lengths[item.sequence] = 0

    def released(self, sequence: int) -> bool:
        return self.lengths.pop(sequence, None) is not None
