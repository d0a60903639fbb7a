/** What the server counts. Plain numbers, so that counting costs nothing on the hot path. */

/** Counts by reason; the set of reasons is small and fixed in the code. */
export type Tally = Map<string, number>

export class Counters {
  connections = 0
  connectionsOpened = 0
  joins = 0
  leaves = 0
  messagesReceived = 0
  messagesDirect = 0
  messagesPushed = 0
  /** Frames handed to sockets by fan-out, one for each recipient. */
  deliveries = 0
  charactersReceived = 0
  /** Refused upgrades, joins, sends and pushes by failure name. */
  readonly refusals: Tally = new Map()
  /** Closed connections by reason. */
  readonly closes: Tally = new Map()
}

export function count(tally: Tally, reason: string): void {
  tally.set(reason, (tally.get(reason) ?? 0) + 1)
}
