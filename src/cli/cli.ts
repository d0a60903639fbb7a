/** Finds the command that was asked for, reads its arguments and settings, and runs it. */
import { distance, readConfig } from '../config.ts'
import { StartError } from '../start-error.ts'
import { troubleOf } from '../trouble.ts'
import { accessTokenCommands } from './commands/access-tokens.ts'
import { accountCommands } from './commands/accounts.ts'
import { appCommands } from './commands/apps.ts'
import { parseArguments } from './arguments.ts'
import { auditCommands } from './commands/audit.ts'
import { backupCommands } from './commands/backup.ts'
import { channelCommands } from './commands/channels.ts'
import { type Command, EXIT } from './command.ts'
import { configCommands } from './commands/config.ts'
import { connectionCommands } from './commands/connections.ts'
import { dev } from './commands/dev.ts'
import { doctor } from './commands/doctor.ts'
import { health } from './commands/health.ts'
import { commandHelp, overview } from './help.ts'
import { keyCommands } from './commands/keys.ts'
import { type Output, makeOutput } from './output.ts'
import { reservationCommands } from './commands/reservations.ts'
import { ruleCommands } from './commands/rules.ts'
import { serve } from './commands/serve.ts'
import { stats } from './commands/stats.ts'
import type { Streams } from './streams.ts'
import { tokenCommands } from './commands/tokens.ts'
import { version } from './commands/version.ts'

export const commands: readonly Command[] = [
  serve,
  dev,
  ...reservationCommands,
  ...appCommands,
  ...keyCommands,
  ...tokenCommands,
  ...ruleCommands,
  stats,
  ...accountCommands,
  ...accessTokenCommands,
  ...channelCommands,
  ...connectionCommands,
  ...auditCommands,
  ...backupCommands,
  ...configCommands,
  health,
  doctor,
  version,
]

/**
 * Runs one command line.
 * @param argv without the program's own name
 * @returns the exit code: 0 done, 1 failed, 2 not understood
 */
export async function runCommandLine(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const { code, command } = await runCommand(argv, environment, streams)
  if (command?.isServer) return code
  const lost = await streams.written?.()
  if (lost === undefined) return code
  // The command has done its work, but its output (perhaps a secret shown once) was lost, which must not look like success.
  makeOutput(argv.includes('--json'), streams).complain(`what it printed is lost: ${lost}`)
  return EXIT.failed
}

interface Ending {
  readonly code: number
  readonly command?: Command
}

async function runCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<Ending> {
  const wanted = wordsOf(argv)
  const output = makeOutput(argv.includes('--json'), streams)
  const command = findCommand(wanted)
  if (!command) {
    const help = helpOf(wanted)
    if (help !== undefined) streams.out(`${help}\n`)
    else output.complain(unknownCommand(wanted))
    return { code: help === undefined ? EXIT.usage : EXIT.done }
  }
  const parsed = parseArguments(command, wanted.slice(command.name.split(' ').length))
  if (!parsed.ok) {
    output.complain(parsed.complaint)
    return { code: EXIT.usage }
  }
  if (parsed.help) {
    streams.out(`${commandHelp(command)}\n`)
    return { code: EXIT.done }
  }
  const read = readConfig({ ...command.implied, ...parsed.settings }, environment)
  if (!read.ok) {
    output.complain(read.complaint)
    return { code: EXIT.usage }
  }
  const { config, sources } = read
  const context = {
    ...parsed,
    config,
    sources,
    output: makeOutput(parsed.json, streams),
    begins: command.begins === true,
  }
  try {
    return { code: await command.run(context), command }
  } catch (error) {
    complainOf(error, output)
    return { code: EXIT.failed }
  }
}

/** One line for an expected error; a bug is printed with its stack, for the report. */
function complainOf(error: unknown, output: Output): void {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof StartError) return output.complain(message)
  const trouble = troubleOf(error)
  if (trouble !== undefined) return output.complain(`${trouble} (${message})`)
  const stack = error instanceof Error ? error.stack : undefined
  output.complain(`unexpected error: ${stack ?? message}`)
}

/** Finds the command with the longest matching name, so that `config show` is not taken for `config`. */
function findCommand(words: readonly string[]): Command | undefined {
  return (
    commands.find((command) => command.name === words.slice(0, 2).join(' ')) ??
    commands.find((command) => command.name === words[0])
  )
}

const HELP = new Set(['--help', '-h'])

/** `latchkey help keys add` asks what `latchkey keys add --help` does. */
function wordsOf(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv
  if (first === '--version') return ['version', ...rest]
  if (first === undefined) return ['--help']
  return first === 'help' ? [...rest, '--help'] : argv
}

/** Help for all commands, or for those of a subject such as `keys`. */
function helpOf(words: readonly string[]): string | undefined {
  const [first, second] = words
  if (first !== undefined && HELP.has(first)) return overview(commands)
  const ofSubject = commands.filter(({ name }) => name.startsWith(`${first} `))
  return second !== undefined && HELP.has(second) && ofSubject.length > 0
    ? overview(ofSubject)
    : undefined
}

function unknownCommand(words: readonly string[]): string {
  const [subject, act] = words
  const acts = commands
    .filter(({ name }) => name.startsWith(`${subject} `))
    .map(({ name }) => name.slice(subject!.length + 1))
  if (acts.length > 0 && (act === undefined || act.startsWith('-')))
    return `unknown command ${subject}: it needs one of ${acts.join(', ')} after it; latchkey ${subject} --help tells more`
  return `unknown command ${unknownName(words)}; latchkey --help lists the commands`
}

function unknownName(words: readonly string[]): string {
  const typed = commands.some((command) => command.name.startsWith(`${words[0]} `))
    ? words.slice(0, 2).join(' ')
    : words[0]!
  const asPlural = [`${words[0]}s`, ...words.slice(1, 2)].join(' ')
  const near =
    commands.find(({ name }) => name === asPlural) ??
    commands.find((command) => distance(command.name, typed) <= Math.min(2, typed.length / 3))
  return near ? `${typed} (did you mean ${near.name}?)` : typed
}
