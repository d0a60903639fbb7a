/** What a frame that was accepted comes to: what its sender is told, and what the statistics count. */
import type { Receipt } from '../../../../core/channel/entry.ts'
import { type Result, ok } from '../../../../failure.ts'
import type { Content } from '../../connection/traffic.ts'

export interface Accepted {
  /** For the statistics. */
  readonly contents: readonly Content[]
  /** Of what was published; none for presence. */
  readonly serials: readonly string[]
  /** Settled once it is kept as the channel promises; undefined where it is already. */
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
