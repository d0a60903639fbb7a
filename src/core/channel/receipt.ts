/** What whoever proposed something is told of it. */
import type { PresenceChange } from '../types.ts'

/** What a publisher is told. */
export interface Receipt {
  /** Of the whole publication. */
  readonly id: string
  /** Of its messages, in their order. */
  readonly serials: readonly string[]
  /** Settled once it is kept as the channel promises; undefined where it is already. */
  readonly kept: Promise<void> | undefined
}

export interface EditReceipt {
  readonly versionSerial: string
  readonly kept: Promise<void> | undefined
}

export interface PresenceReceipt {
  /** What was told to the channel; those who are present already as they say are not told again. */
  readonly event: PresenceChange | undefined
  readonly kept: Promise<void> | undefined
}

export interface DepartureReceipt {
  /** What was told to the channel, in several parts where it is much. */
  readonly events: readonly PresenceChange[]
  readonly kept: Promise<void> | undefined
}
