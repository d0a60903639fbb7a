/** Closes the sockets of a stopping server a few at a time, so that their clients do not return all at once. */
import type { Randomness } from '../core/clock.ts'

export interface Dismissable {
  dismiss(): void
}

export interface DrainPlan {
  /** Longest time for the whole, in milliseconds. */
  readonly withinMs: number
  readonly random: Randomness
  readonly sleep: (ms: number) => Promise<void>
}

const STEP_MS = 50
/** With few sockets there is no storm to avoid, and no reason to wait. */
const AT_LEAST_PER_STEP = 25

/** Dismisses all in random order, spread over steps of uneven length; resolves when the last was dismissed. */
export async function drain(sockets: readonly Dismissable[], plan: DrainPlan): Promise<void> {
  const order = shuffled(sockets, plan.random)
  const steps = Math.max(1, Math.floor(plan.withinMs / STEP_MS))
  const perStep = Math.max(AT_LEAST_PER_STEP, Math.ceil(order.length / steps))
  for (let next = 0; next < order.length; next += perStep) {
    if (next > 0) await plan.sleep(STEP_MS * (0.5 + fraction(plan.random) / 2))
    for (const socket of order.slice(next, next + perStep)) socket.dismiss()
  }
}

function shuffled<T>(items: readonly T[], random: Randomness): T[] {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(fraction(random) * (i + 1))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}

/** At least 0 and less than 1. */
function fraction(random: Randomness): number {
  const bytes = random(new Uint8Array(4))
  return new DataView(bytes.buffer).getUint32(0) / 2 ** 32
}
