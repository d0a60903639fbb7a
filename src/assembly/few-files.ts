/** What the operator is told of open files, each connection being one: when the server starts, and when there are none left. */
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
 * @param needed connections that the limit of open files must leave room for
 */
export function fewFiles(
  { limit, room }: Pick<OpenFiles, 'limit' | 'room'>,
  maxConnections: number,
  needed: number,
): FewFiles | undefined {
  if (limit === Infinity || (maxConnections > 0 && room >= needed)) return undefined
  return { limit, connections: room, maxConnections, fix: FIX }
}

/** Logs once that no file is left for another connection, and once that there are enough again. */
export function reportOpenFiles(isFull: boolean, limit: number): void {
  const log = logger('server')
  if (isFull) log.error('too many files are open: connections are refused', { limit, fix: FIX })
  else log.info('there are open files for connections again', { limit })
}
