/** The result of a frame that was accepted: serials for its ACK, and what the statistics count. */
import type { Receipt } from '../../../../core/channel/receipt.ts'
import { type Result, ok } from '../../../../failure.ts'

/** What there was in a frame, for the statistics. */
export interface Volume {
  /** Messages, members, annotations or operations. */
  readonly count: number
  /** Of all of them, as limits measure them. */
  readonly bytes: number
}

export interface Accepted extends Volume {
  /** Of what was published; none for presence. */
  readonly serials: readonly string[]
  /** Settled once it is stored as durably as the channel promises; undefined if it is already. */
  readonly kept: Promise<void> | undefined
}

export function accepted(receipt: Result<Receipt>, count: number, bytes: number): Result<Accepted> {
  if (!receipt.ok) return receipt
  const { kept, serials } = receipt.value
  return ok({ count, bytes, serials, kept })
}

/** The same of what an engine answers later. */
export async function acceptedLater(
  receipt: Promise<Result<Receipt>>,
  { bytes, count }: Volume,
): Promise<Result<Accepted>> {
  return accepted(await receipt, count, bytes)
}
