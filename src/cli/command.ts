/** The interface of commands, and the context that they run in. */
import type { Config, Sources } from '../config.ts'
import type { Output } from './output.ts'

/** An option of a command, besides settings. */
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
  /** Defaults of the command for settings, by flag; flags override them. */
  readonly implied?: Readonly<Record<string, string>>
  /** Whether it may create the data folder; other commands fail without one. */
  readonly begins?: true
  /** Whether it is a server, which succeeds even if its output cannot be written. */
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
