/**
 * The two minutes: for so long a client that lost its connection can go on where it was (RTN15g, `connectionStateTtl`),
 * so for so long a channel of an app remembers its messages, its positions, and the ids by which it knows a repeat.
 */
export const TWO_MINUTES_MS = 120_000
