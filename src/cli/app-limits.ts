/** Limits of an app on the command line: the options that set them, and how they are printed. */
import { type Result, fail, ok } from '../failure.ts'
import {
  type AppLimits,
  NUMBER_LIMITS,
  NUMBER_LIMIT_NAMES,
  type NumberLimit,
} from '../policy/app-limits.ts'
import type { OptionSpec } from './command.ts'

/** The value that resets a limit to the server's. */
const DEFAULT = 'default'

const LIMIT_NAMES = [...NUMBER_LIMIT_NAMES, 'allowedOrigins'] as const

export const LIMIT_OPTIONS: readonly OptionSpec[] = [
  ...NUMBER_LIMIT_NAMES.map((name) => ({
    name: flagOf(name),
    value: `N|${DEFAULT}`,
    description: `${NUMBER_LIMITS[name].description}; 0 for no limit of its own`,
  })),
  {
    name: flagOf('allowedOrigins'),
    value: `LIST|${DEFAULT}`,
    description: 'Origins that its pages may connect from, of those that the server allows',
  },
]

export function readLimits(options: Readonly<Record<string, string>>): Result<Partial<AppLimits>> {
  const limits: Partial<Record<NumberLimit, number | null>> = {}
  for (const name of NUMBER_LIMIT_NAMES) {
    const text = options[flagOf(name)]
    if (text === undefined) continue
    if (text !== DEFAULT && !/^\d+$/.test(text))
      return fail('invalid', `--${flagOf(name)} must be a whole number or ${DEFAULT}`)
    limits[name] = text === DEFAULT ? null : Number(text)
  }
  const origins = options[flagOf('allowedOrigins')]
  if (origins === undefined) return ok(limits)
  return ok({ ...limits, allowedOrigins: origins === DEFAULT ? null : listOf(origins) })
}

/** One line for each limit; a dash where the server's holds. */
export function limitLines(limits: AppLimits): [name: string, value: string][] {
  return LIMIT_NAMES.map((name) => [flagOf(name), String(limits[name] ?? '-')])
}

/** Such as `max-channels 100, message-rate 50`; a dash for none. */
export function limitsText(limits: AppLimits): string {
  const set = LIMIT_NAMES.filter((name) => limits[name] !== null)
  return set.map((name) => `${flagOf(name)} ${String(limits[name])}`).join(', ') || '-'
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function flagOf(name: keyof AppLimits): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
