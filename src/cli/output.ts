/**
 * Prints the output of commands: text, or with `--json` one JSON document and nothing else. It may contain names that
 * strangers chose, so all of it is escaped here for terminals.
 */
import { visible, visibleJson } from '../text/visible.ts'
import type { Streams } from './streams.ts'

/** One line, or several. A line never breaks: a newline in it is shown as `\n`. */
export type Lines = string | readonly string[]

export interface Output {
  readonly json: boolean
  /** Prints the result: `value` as JSON, or `text` for people; an empty text prints nothing. */
  result(value: unknown, text: Lines): void
  /** Prints progress for people; nothing with `--json`. */
  say(lines: Lines): void
  /** Prints an error in one line. */
  complain(line: string): void
  /** Whether the output so far could be written; for commands that otherwise would go on for nobody. */
  isHeard(): Promise<boolean>
}

export function makeOutput(json: boolean, { out, err, written }: Streams): Output {
  return {
    json,
    result: (value, text) => {
      if (json) out(`${visibleJson(String(JSON.stringify(value, null, 2)))}\n`)
      else if (text !== '') out(printed(text))
    },
    say: (lines) => {
      if (!json) out(printed(lines))
    },
    complain: (line) => {
      err(json ? `${visibleJson(JSON.stringify({ error: line }))}\n` : printed(`latchkey: ${line}`))
    },
    isHeard: async () => (await written?.()) === undefined,
  }
}

function printed(lines: Lines): string {
  const all = typeof lines === 'string' ? [lines] : lines
  return all.map((line) => `${visible(line)}\n`).join('')
}

/** Lines in columns that are padded to their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  // Escaped before they are measured.
  const all = [head, ...rows].map((row) => row.map(visible))
  const widths = head.map((_, column) =>
    all.reduce((widest, row) => Math.max(widest, Bun.stringWidth(row[column] ?? '')), 0),
  )
  const line = (row: readonly string[]) =>
    row
      .map(
        (cell, column) => cell + ' '.repeat(Math.max(0, widths[column]! - Bun.stringWidth(cell))),
      )
      .join('  ')
      .trimEnd()
  return all.map(line)
}

/** `2026-11-22 13:00:00`, in UTC. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')
}
