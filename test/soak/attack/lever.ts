/** What an attacker can pull. */
import type { Attacker } from './attacker.ts'

/** A token holder and a key holder may also do what a stranger may. */
export type Who = 'stranger' | 'token holder' | 'key holder'

export interface Lever {
  readonly name: string
  readonly who: Who
  readonly summary: string
  /** Of `serve`, where a lever needs a sandbox, or a share that a test can fill. All else is at its default. */
  readonly flags?: readonly string[]
  /** Pulls until the attacker says that it is over. What fails on the way is counted, and no end of it. */
  pull(attacker: Attacker): Promise<void>
}
