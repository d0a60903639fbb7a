/** What a command of the command line is, and what it is given to work with. */
import type { Config, Sources } from '../config.ts'
import type { Output } from './output.ts'

/** An option of one command, beside the settings that it takes. */
export interface OptionSpec {
  readonly name: string
  /** What the value is called in the help text; undefined for a switch. */
  readonly value: string | undefined
  readonly description: string
}

export interface Command {
  /** One or two words, such as `reservations add`. */
  readonly name: string
  readonly summary: string
  /** Names of the arguments, such as `NAMESPACE` or `[URL]`. */
  readonly positionals: readonly string[]
  readonly options: readonly OptionSpec[]
  /** Which settings it takes as flags; all commands read them from the environment too. */
  readonly settings: 'all' | 'data'
  /** Settings that the command brings along, by flag, unless they are given as flags. */
  readonly implied?: Readonly<Record<string, string>>
  /** Whether it may make the data folder; the others are of no use without one, and say so. */
  readonly begins?: true
  /** Whether it is a server, which goes on and succeeds whether or not anybody reads what it prints. */
  readonly isServer?: true
  /** @returns the exit code */
  run(context: CommandContext): Promise<number>
}

export interface CommandContext {
  readonly config: Config
  readonly sources: Sources
  readonly positionals: readonly string[]
  /** Values of the command's own options; a switch is `true`. */
  readonly options: Readonly<Record<string, string>>
  readonly output: Output
  /** Whether the command may make the data folder. */
  readonly begins: boolean
}

/** Exit codes: 1 the command failed, 2 it was not understood. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const
