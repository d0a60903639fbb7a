/** The result of a frame that was accepted: serials for its ACK, and contents for the statistics. */
import type { Receipt } from '../../../../core/channel/receipt.ts'
import { type Result, ok } from '../../../../failure.ts'
import type { Content } from '../../connection/traffic.ts'

export interface Accepted {
  /** For the statistics. */
  readonly contents: readonly Content[]
  /** Of operations on objects, beside what `contents` says. */
  readonly operationBytes?: number
  /** Of what was published; none for presence. */
  readonly serials: readonly string[]
  /** Settled once it is stored as durably as the channel promises; undefined if it is already. */
  readonly kept: Promise<void> | undefined
}

/** @param contents for the statistics */
export function accepted(receipt: Result<Receipt>, contents: readonly Content[]): Result<Accepted> {
  if (!receipt.ok) return receipt
  const { kept, serials } = receipt.value
  return ok({ contents, serials, kept })
}

/** The same of what an engine answers later. */
export async function acceptedLater(
  receipt: Promise<Result<Receipt>>,
  contents: readonly Content[],
): Promise<Result<Accepted>> {
  return accepted(await receipt, contents)
}
