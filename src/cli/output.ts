/** What commands print: text for people, or with `--json` one JSON document and nothing else. */
import type { Streams } from './streams.ts'

export interface Output {
  readonly json: boolean
  /** Prints the result: `value` as JSON, or `text` for people. */
  result(value: unknown, text: string): void
  /** A line for people while the command runs; with `--json` nothing. */
  say(line: string): void
  /** Says in one line what went wrong. */
  complain(line: string): void
  /** Whether what was printed so far arrived; for commands that would otherwise go on for nobody. */
  isHeard(): Promise<boolean>
}

export function makeOutput(json: boolean, { out, err, written }: Streams): Output {
  return {
    json,
    result: (value, text) => {
      if (json) out(`${JSON.stringify(value, null, 2)}\n`)
      else if (text !== '') out(`${text}\n`)
    },
    say: (line) => {
      if (!json) out(`${line}\n`)
    },
    complain: (line) => {
      err(json ? `${JSON.stringify({ error: line })}\n` : `latchkey: ${line}\n`)
    },
    isHeard: async () => (await written?.()) === undefined,
  }
}

/** Columns padded to their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) =>
    Math.max(...all.map((row) => Bun.stringWidth(row[column] ?? ''))),
  )
  const line = (row: readonly string[]) =>
    row
      .map(
        (cell, column) => cell + ' '.repeat(Math.max(0, widths[column]! - Bun.stringWidth(cell))),
      )
      .join('  ')
      .trimEnd()
  return all.map(line).join('\n')
}

/** `2026-11-22 13:00:00`, in UTC. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')
}
