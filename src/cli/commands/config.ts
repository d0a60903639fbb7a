/** `latchkey config check | show` */
import { type Config, settings } from '../../config.ts'
import { type Command, type CommandContext, EXIT } from '../command.ts'
import { table } from '../output.ts'

const check: Command = {
  name: 'config check',
  summary: 'Check the settings given as flags and in the environment',
  positionals: [],
  options: [],
  settings: 'all',
  // Wrong settings have already been reported, with exit code 2, before a command runs.
  run: ({ output }) => {
    output.result({ ok: true }, 'The settings are valid.')
    return Promise.resolve(EXIT.done)
  },
}

const show: Command = {
  name: 'config show',
  summary: 'Show every setting, its value and where it comes from',
  positionals: [],
  options: [],
  settings: 'all',
  run: (context) => {
    const rows = effective(context)
    context.output.result(
      Object.fromEntries(rows.map(({ name, ...rest }) => [name, rest])),
      table(
        ['Setting', 'Value', 'From'],
        rows.map((row) => [row.name, valueText(row.value), row.source]),
      ),
    )
    return Promise.resolve(EXIT.done)
  },
}

function effective({ config, sources }: CommandContext) {
  return settings.map(({ name, flag }) => ({
    name,
    // Settings without a flag are secrets.
    value: flag === undefined && config[name] !== undefined ? '(set)' : (config[name] ?? null),
    source: sources[name],
  }))
}

function valueText(value: Config[keyof Config] | null): string {
  const text = String(value ?? '')
  return text === '' ? '-' : text
}

export const configCommands: readonly Command[] = [check, show]
