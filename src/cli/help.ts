/** Help texts, made from the commands and from the settings. */
import { type Setting, settings } from '../config.ts'
import { VERSION } from '../version.ts'
import { COMMON_OPTIONS } from './arguments.ts'
import type { Command } from './command.ts'
import { table } from './output.ts'

export function overview(commands: readonly Command[]): string {
  const rows = commands.map((command) => [usage(command), command.summary])
  return [
    `latchkey ${VERSION}, a realtime channel server that you own`,
    '',
    'Usage: latchkey <command> [arguments] [options]',
    '',
    ...indented(table(['Command', ''], rows)),
    '',
    'Every command takes --data FOLDER, --json and --help. `latchkey serve --help` lists the settings.',
  ].join('\n')
}

export function commandHelp(command: Command): string {
  const own = [...command.options, ...COMMON_OPTIONS].map((option) => [
    `--${option.name}${option.value === undefined ? '' : ` ${option.value}`}`,
    option.description,
  ])
  const parts = [
    `Usage: latchkey ${usage(command)} [options]`,
    '',
    command.summary,
    '',
    ...indented(table(['Option', ''], own)),
  ]
  const taken =
    command.settings === 'all' ? settings : settings.filter((setting) => setting.name === 'data')
  return [...parts, ...settingsHelp(taken)].join('\n')
}

function settingsHelp(taken: readonly Setting[]): string[] {
  const groups = [...new Set(taken.map((setting) => setting.group))]
  return groups.flatMap((group) => {
    const rows = taken.filter((setting) => setting.group === group).map(settingRow)
    return [''].concat(indented(table([group, '', ''], rows)))
  })
}

function settingRow({ flag, variable, description, defaultText }: Setting): string[] {
  const text = description.replaceAll('`', '')
  const full = defaultText === '' ? text : `${text} (default ${defaultText})`
  return [flag === undefined ? '' : `--${flag}`, variable, full]
}

function usage(command: Command): string {
  return [command.name, ...command.positionals].join(' ')
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
