/** The table of settings in Markdown, made from the schema: for the README and for the page of that name. */
import { type Setting, settings } from '../config.ts'

const HEAD = ['Option', 'Default', 'Meaning']

/** One table for each group, in the layout of the formatter. */
export function settingsTables(): string {
  const groups = [...new Set(settings.map(({ group }) => group))]
  return groups
    .map((group) => {
      const rows = settings.filter((setting) => setting.group === group).map(cells)
      return `**${group}**\n\n${markdownTable([HEAD, ...rows])}`
    })
    .join('\n\n')
}

function cells({ flag, variable, description, defaultText }: Setting): string[] {
  // A secret has no flag, because the process list would show it.
  const name = flag === undefined ? variable : `--${flag}`
  return [`\`${name}\``, defaultText === '' ? '' : `\`${defaultText}\``, description]
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) =>
    Math.max(...rows.map((row) => Bun.stringWidth(row[column]!))),
  )
  const rule = widths.map((width) => '-'.repeat(width))
  const [head, ...body] = rows
  return [head!, rule, ...body].map((row) => `| ${pad(row, widths).join(' | ')} |`).join('\n')
}

function pad(row: readonly string[], widths: readonly number[]): string[] {
  return row.map((cell, column) => cell + ' '.repeat(widths[column]! - Bun.stringWidth(cell)))
}
