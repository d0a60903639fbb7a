/** Reads terminal transcripts from pages: commands and what each prints. */
import type { Text } from './texts.ts'

export interface Step {
  /** Its words, without quotes. */
  readonly words: readonly string[]
  /** What the page shows below it. */
  readonly shown: readonly string[]
}

export interface Transcript {
  readonly where: string
  readonly steps: readonly Step[]
}

/** Every block of a text that begins with a prompt. */
export function transcriptsOf({ name, text }: Text): Transcript[] {
  const blocks = [...text.matchAll(/^```text\n(\$ [^]*?)^```$/gm)]
  return blocks.map(([, block]) => {
    const steps = block!.split(/^\$ /m).slice(1).map(stepOf)
    return { where: `${name}: ${steps[0]!.words.slice(0, 3).join(' ')}`, steps }
  })
}

function stepOf(text: string): Step {
  const [command, ...shown] = text.trimEnd().split('\n')
  const parts = [...command!.matchAll(/'([^']*)'|(\S+)/g)]
  const words = parts.map(([, quoted, bare]) => quoted ?? bare!)
  return { words: words.slice(0, 2).join(' ') === 'bun run' ? words.slice(2) : words, shown }
}

/** Dates, numbers, addresses and folders, which may differ. */
const ANYTHING = /^(\d{2,}|\d[\d:.-]*\d[\d:.-]*|https?:\/\/\S+|\/home\/\S+|\.\.\.)$/
/** Ids and secrets, which differ between runs and are the same within one. */
const MADE_UP = /\d|[a-z][A-Z]/

/**
 * Compares what was printed with what a page shows of it.
 * @param known what stood for which id or secret of the page so far; added to
 * @returns the lines that differ
 */
export function differences(
  shown: readonly string[],
  printed: readonly string[],
  known: Map<string, string>,
): string[] {
  const faults: string[] = []
  if (shown.at(-1) === '...') printed = printed.slice(0, shown.length - 1)
  const lines = shown.filter((line) => line !== '...')
  if (lines.length !== printed.length) return [`${printed.length} lines: ${printed.join(' | ')}`]
  for (const [index, line] of lines.entries()) {
    if (!isAlike(wordsOf(line), wordsOf(printed[index]!), known))
      faults.push(`shown: ${line}\nprinted: ${printed[index]}`)
  }
  return faults
}

function wordsOf(line: string): string[] {
  return line.split(/[\s(),]+/).map((word) => word.replace(/(?<!\.)[.:;]$/, ''))
}

function isAlike(shown: string[], printed: string[], known: Map<string, string>): boolean {
  return (
    shown.length === printed.length &&
    shown.every((word, index) => {
      const real = printed[index]!
      if (word === real || ANYTHING.test(word)) return true
      if (!MADE_UP.test(word) || /["{]/.test(word)) return substituted(word, known) === real
      const before = known.get(word)
      if (before === undefined) known.set(word, real)
      return before === undefined || before === real
    })
  )
}

/** Replaces ids of the page by those of this run, the longest first. */
export function substituted(text: string, known: ReadonlyMap<string, string>): string {
  let result = text
  for (const [word, real] of [...known].toSorted(([a], [b]) => b.length - a.length))
    result = result.replaceAll(word, real)
  return result
}
