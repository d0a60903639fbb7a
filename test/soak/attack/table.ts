/** The table for a terminal, line by line as levers are pulled. */
import type { Result } from './run.ts'

const OUTCOMES = 5
const WIDTHS = [28, 12, 6, 6, 6, 5, 16, 7] as const

export function heading(): string {
  return columns(
    ['lever', 'who', 'itty', 'Ably', 'work', 'own', 'memory MB', 'log KB'],
    'harm; what the attacker got',
  )
}

export function line({
  lever,
  itty,
  ably,
  ownPause,
  memory,
  logged,
  harms,
  outcomes,
}: Result): string {
  const mb = [memory.before, memory.most, memory.after].map((bytes) => (bytes / 1e6).toFixed(0))
  const log = (logged / 1000).toFixed(0)
  const times = [itty.ms, ably.ms, Math.max(itty.workMs, ably.workMs), ownPause].map((ms) =>
    ms.toFixed(0),
  )
  return columns(
    [lever.name, lever.who, ...times, mb.join(' '), log],
    [...harms, got(outcomes)].join('; '),
  )
}

function columns(cells: readonly string[], rest: string): string {
  const padded = cells.map((cell, at) =>
    at < 2 ? cell.padEnd(WIDTHS[at]!) : cell.padStart(WIDTHS[at]!),
  )
  return [...padded, rest].join('  ')
}

/** The most frequent of them. */
function got(outcomes: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(outcomes).toSorted(([, a], [, b]) => b - a)
  return sorted
    .slice(0, OUTCOMES)
    .map(([outcome, count]) => `${count} × ${outcome}`)
    .join(', ')
}
