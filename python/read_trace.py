"""Reads an acceptance trace (docs/research/traces.md), and prints the acceptance of its draft.

    python3 python/read_trace.py traces/coarse-greedy.trace
"""

import json
import sys

def read(path):
    data = open(path, "rb").read()
    at = data.index(b"\n") + 1
    header = json.loads(data[:at])

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]; at += 1
            value |= (byte & 127) << shift; shift += 7
            if byte < 128: return value

    def raw(count):
        nonlocal at
        at += count
        return data[at - count:at]

    ids = lambda: [varint() for _ in range(varint())]
    units = lambda: int.from_bytes(raw(2), "little") / 65535

    def second():
        id = varint() if header["version"] > 1 else 0
        return (id - 1, units()) if id else None

    sessions = []
    while varint() > 0:
        id, task = (raw(varint()).decode() for _ in range(2))
        prompt, answer = ids(), ids()
        bits = raw((len(answer) + 7) // 8)
        drafts = []
        for p, token in enumerate(answer):
            right = bits[p >> 3] >> (p & 7) & 1
            drafts.append([(token, units(), second())] if right else [(varint(), units(), second()) for _ in range(varint())])
        raw(4)  # CRC-32, not checked here
        sessions.append({"id": id, "task": task, "prompt": prompt, "answer": answer, "drafts": drafts})
    return header, sessions

header, sessions = read(sys.argv[1])
compared = [bool(d) and d[0][0] == t for s in sessions for t, d in zip(s["answer"], s["drafts"])]
print(header["target"]["name"], len(sessions), sum(compared) / len(compared))
