import type { History, Operation, Transaction } from "../../../simulator/checker/History.ts"

export const append = (key: string, value: number): Operation => ({ type: "append", key, value })
export const read = (key: string, ...values: ReadonlyArray<number>): Operation => ({ type: "read", key, values })

type Outcome = "aborted" | "unknown"

/** A transaction `[from, to]`; all of `[0, 10]` overlap. */
export const transaction = (
  id: string,
  [start, end]: readonly [number, number],
  operations: ReadonlyArray<Operation>,
  outcome?: Outcome
): Transaction => ({
  id,
  start,
  end: outcome === "unknown" ? undefined : end,
  committed: outcome === undefined ? true : outcome === "aborted" ? false : "unknown",
  operations
})

export const together = [0, 10] as const
export const early = [0, 1] as const
const middle = [2, 3] as const
export const late = [4, 5] as const

/** Histories that some order explains. */
export const ACCEPTED: ReadonlyArray<readonly [string, History]> = [
  ["nothing", []],
  [
    "reads of what was committed before",
    [transaction("A", early, [append("x", 1)]), transaction("B", late, [read("x", 1)])]
  ],
  [
    "a read that overlaps an append, and misses it",
    [transaction("A", together, [append("x", 1)]), transaction("B", together, [read("x")])]
  ],
  [
    "a transaction that sees its own appends",
    [transaction("A", early, [append("x", 1), read("x", 1), append("x", 2), read("x", 1, 2)])]
  ],
  [
    "appends that nobody reads",
    [transaction("A", early, [append("x", 1), append("x", 2)]), transaction("B", late, [append("x", 3)])]
  ],
  [
    "an aborted append that nobody reads",
    [transaction("A", early, [append("x", 1)], "aborted"), transaction("B", late, [read("x")])]
  ],
  ["nonsense that an aborted transaction read", [transaction("A", early, [read("x", 7)], "aborted")]],
  [
    "an unknown append that happened",
    [transaction("A", early, [append("x", 1)], "unknown"), transaction("B", late, [read("x", 1)])]
  ],
  [
    "an unknown append that happened late",
    [
      transaction("A", early, [append("x", 1)], "unknown"),
      transaction("B", middle, [read("x")]),
      transaction("C", late, [read("x", 1)])
    ]
  ],
  [
    "an unknown append that happened after its client had given up",
    [
      { ...transaction("A", early, [append("x", 1)]), committed: "unknown" },
      transaction("B", middle, [read("x")]),
      transaction("C", late, [read("x", 1)])
    ]
  ],
  [
    "nonsense that a transaction read of which nobody knows whether it happened",
    [transaction("A", early, [read("x", 7), append("x", 1)], "unknown"), transaction("B", late, [read("x")])]
  ],
  [
    "an end at the very instant of a start, in either order",
    [transaction("A", [0, 4], [append("x", 1)]), transaction("B", late, [read("x")])]
  ]
]

/** Anomalies: the name, what it is, and a history that has it and no other. */
export const REJECTED: ReadonlyArray<readonly [string, string, History]> = [
  [
    "G0",
    "two transactions that overwrote each other",
    [
      transaction("A", together, [append("x", 1), append("y", 1)]),
      transaction("B", together, [append("x", 2), append("y", 2)]),
      transaction("R", [11, 12], [read("x", 1, 2), read("y", 2, 1)])
    ]
  ],
  [
    "G1c",
    "two transactions that read each other's appends",
    [
      transaction("A", together, [append("x", 1), read("y", 1)]),
      transaction("B", together, [append("y", 1), read("x", 1)])
    ]
  ],
  [
    "G1c",
    "an append that nobody saw, and so comes after what was seen",
    [
      transaction("A", together, [append("x", 1), read("y", 1)]),
      transaction("B", together, [append("y", 1), append("x", 2)]),
      transaction("C", together, [read("x", 1)])
    ]
  ],
  [
    "G-single",
    "a read that saw one half of a transaction, and nobody the other",
    [
      transaction("A", together, [append("x", 1), append("y", 1)]),
      transaction("B", together, [append("x", 2)]),
      transaction("C", together, [read("x"), read("y", 1)])
    ]
  ],
  [
    "G-single",
    "a read that saw one half of a transaction",
    [
      transaction("A", together, [append("x", 1), append("y", 1)]),
      transaction("B", together, [read("x", 1), read("y")])
    ]
  ],
  [
    "G2",
    "write skew",
    [transaction("A", together, [read("x"), append("y", 1)]), transaction("B", together, [read("y"), append("x", 1)])]
  ],
  [
    "G2",
    "a lost update that nobody noticed",
    [transaction("A", together, [read("x"), append("x", 1)]), transaction("B", together, [read("x"), append("x", 2)])]
  ],
  [
    "G2",
    "two observers that saw two appends in different orders",
    [
      transaction("A", together, [append("x", 1)]),
      transaction("B", together, [append("y", 1)]),
      transaction("C", together, [read("x", 1), read("y")]),
      transaction("D", together, [read("y", 1), read("x")])
    ]
  ],
  [
    "G0+realtime",
    "appends against the order of time",
    [
      transaction("A", early, [append("x", 1)]),
      transaction("B", middle, [append("x", 2)]),
      transaction("R", together, [read("x", 2, 1)])
    ]
  ],
  [
    "G1c+realtime",
    "a read of what was appended only afterwards",
    [transaction("A", early, [read("x", 1)]), transaction("B", late, [append("x", 1)])]
  ],
  [
    "G-single+realtime",
    "a stale read",
    [
      transaction("A", early, [append("x", 1)]),
      transaction("B", middle, [read("x")]),
      transaction("C", late, [read("x", 1)])
    ]
  ],
  [
    "G-single+realtime",
    "a value that vanished again",
    [
      transaction("A", early, [append("x", 1)]),
      transaction("B", middle, [read("x", 1)]),
      transaction("C", late, [read("x")])
    ]
  ],
  [
    "G2+realtime",
    "two stale reads that only time brings together",
    [
      transaction("A", [0, 9], [read("x"), read("y", 1)]),
      transaction("B", [5, 9], [read("y")]),
      transaction("C", [0, 4], [append("x", 1)]),
      transaction("D", [0, 9], [append("y", 1)])
    ]
  ],
  [
    "G1a",
    "a read of an aborted append",
    [transaction("A", early, [append("x", 1)], "aborted"), transaction("B", late, [read("x", 1)])]
  ],
  [
    "G1b",
    "a read of an unfinished transaction",
    [transaction("A", together, [append("x", 1), append("x", 2)]), transaction("B", together, [read("x", 1)])]
  ],
  [
    "lost-append",
    "an acknowledged append that is gone",
    [
      transaction("A", early, [append("x", 1)]),
      transaction("B", middle, [append("x", 2)]),
      transaction("C", late, [read("x", 2)])
    ]
  ],
  [
    "lost-append",
    "the same, where only the end of a list is missing",
    [transaction("A", early, [append("x", 1)]), transaction("B", late, [read("x")])]
  ],
  [
    "duplicate-value",
    "an append that was made twice",
    [
      transaction("A", together, [append("x", 1)]),
      transaction("B", together, [append("x", 2)]),
      transaction("R", [11, 12], [read("x", 1, 2, 1)])
    ]
  ],
  ["value-from-nowhere", "a value that nobody appended", [transaction("A", early, [read("x", 7)])]],
  [
    "incompatible-order",
    "two reads of which neither is the beginning of the other",
    [
      transaction("A", together, [append("x", 1)]),
      transaction("B", together, [append("x", 2)]),
      transaction("C", together, [read("x", 1, 2)]),
      transaction("D", together, [read("x", 2)])
    ]
  ],
  [
    "append-order",
    "the appends of one transaction, turned round",
    [transaction("A", early, [append("x", 1), append("x", 2)]), transaction("B", late, [read("x", 2, 1)])]
  ],
  [
    "append-order",
    "the later append of a transaction without the earlier",
    [transaction("A", together, [append("x", 1), append("x", 2)]), transaction("B", together, [read("x", 2)])]
  ],
  [
    "internal",
    "a transaction that does not see its own append",
    [transaction("A", early, [append("x", 1), read("x")])]
  ],
  [
    "internal",
    "a transaction of which two reads differ",
    [transaction("A", together, [append("x", 1)]), transaction("B", together, [read("x"), read("x", 1)])]
  ],
  [
    "internal",
    "a transaction that sees its own append before it is made",
    [transaction("A", early, [read("x", 1), append("x", 1)])]
  ],
  [
    "G-single",
    "what a transaction read whose outcome shows only in another read",
    [
      transaction("A", together, [append("x", 1), append("y", 1)]),
      transaction("B", together, [read("x", 1), read("y"), append("z", 1)], "unknown"),
      transaction("C", together, [read("z", 1)])
    ]
  ]
]
