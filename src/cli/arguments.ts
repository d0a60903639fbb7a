/** Reads an argument list: `--name value`, `--name=value`, `--switch`, `--no-switch`, and what is left. */
import { settings, unknownOption } from '../config.ts'
import type { Command, OptionSpec } from './command.ts'

export type ParsedArguments =
  | {
      readonly ok: true
      /** Settings by flag name, for `readConfig`. */
      readonly settings: Record<string, string>
      readonly options: Record<string, string>
      readonly positionals: string[]
      readonly json: boolean
      readonly help: boolean
    }
  | { readonly ok: false; readonly complaint: string }

export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: 'json', value: undefined, description: 'Print JSON' },
  { name: 'help', value: undefined, description: 'Show this help' },
]

export function parseArguments(command: Command, argv: readonly string[]): ParsedArguments {
  const known = knownFlags(command)
  const values: Record<string, string> = {}
  const positionals: string[] = []
  const rest = [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      positionals.push(...rest.splice(0))
    } else if (word === '-h') {
      values['help'] = 'true'
    } else if (!word.startsWith('--')) {
      positionals.push(word)
    } else {
      const complaint = readFlag(word.slice(2), rest, known, values)
      if (complaint !== undefined) return { ok: false, complaint }
    }
  }
  const surplus = positionals.length > command.positionals.length
  const missing = command.positionals
    .slice(positionals.length)
    .find((name) => !name.startsWith('['))
  const help = values['help'] === 'true'
  if (surplus && !help) {
    return {
      ok: false,
      complaint: `unexpected argument ${positionals[command.positionals.length]}`,
    }
  }
  if (missing !== undefined && !help)
    return { ok: false, complaint: `${command.name} needs ${missing}` }
  return { ok: true, ...sort(command, values), positionals, json: values['json'] === 'true', help }
}

/** For each known name, whether it is a switch. Settings that the command does not take are unknown. */
function knownFlags(command: Command): Map<string, boolean> {
  const known = new Map<string, boolean>()
  for (const setting of settings) {
    if (setting.flag === undefined) continue
    if (command.settings === 'data' && setting.name !== 'data') continue
    known.set(setting.flag, setting.isSwitch)
  }
  for (const option of [...COMMON_OPTIONS, ...command.options]) {
    known.set(option.name, option.value === undefined)
  }
  return known
}

function readFlag(
  text: string,
  rest: string[],
  known: ReadonlyMap<string, boolean>,
  values: Record<string, string>,
): string | undefined {
  const equals = text.indexOf('=')
  const name = equals < 0 ? text : text.slice(0, equals)
  const negated = name.startsWith('no-') && known.get(name.slice(3)) === true
  const isSwitch = known.get(name)
  if (negated && equals < 0) values[name.slice(3)] = 'false'
  else if (isSwitch === undefined) return unknownOption(name, [...known.keys()])
  else if (equals >= 0) values[name] = text.slice(equals + 1)
  else if (isSwitch) values[name] = /^(true|false)$/.test(rest[0] ?? '') ? rest.shift()! : 'true'
  else {
    const value = rest.shift()
    if (value === undefined || value.startsWith('--')) return `--${name} needs a value`
    values[name] = value
  }
  return undefined
}

function sort(command: Command, values: Readonly<Record<string, string>>) {
  const own = new Set([...COMMON_OPTIONS, ...command.options].map((option) => option.name))
  const entries = Object.entries(values)
  return {
    settings: Object.fromEntries(entries.filter(([name]) => !own.has(name))),
    options: Object.fromEntries(
      entries.filter(([name]) => own.has(name) && name !== 'json' && name !== 'help'),
    ),
  }
}
