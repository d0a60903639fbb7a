/** What is said of the files that the process may open, each connection being one: at the start, and once there are none. */
import type { OpenFiles } from '../ops/open-files.ts'
import { logger } from '../ops/logs.ts'

/** Where fewer files may be open than connections are permitted. */
export interface FewFiles {
  /** How many may be open. */
  readonly limit: number
  /** For so many connections there is room. */
  readonly connections: number
  readonly maxConnections: number
  readonly fix: string
}

const FIX = 'raise the limit of open files (LimitNOFILE, ulimit -n)'

/**
 * @param maxConnections as the setting has it, 0 for any number
 * @param needed for how many connections there has to be room
 */
export function fewFiles(
  { limit, room }: Pick<OpenFiles, 'limit' | 'room'>,
  maxConnections: number,
  needed: number,
): FewFiles | undefined {
  if (limit === Infinity || (maxConnections > 0 && room >= needed)) return undefined
  return { limit, connections: room, maxConnections, fix: FIX }
}

/** To be called once when there are none for another connection, and once when there are plenty again. */
export function tellFiles(limit: number, isFull: boolean): void {
  const log = logger('server')
  if (isFull) log.error('too many files are open: connections are refused', { limit, fix: FIX })
  else log.info('there are open files for connections again', { limit })
}
