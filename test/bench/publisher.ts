/** What publishes to a server while a benchmark looks on. */
import type { ServerProcess } from './server.ts'
import type { Elapsed } from './stopwatch.ts'

/** A server, those who publish to it, and whoever listens. */
export interface Publisher {
  readonly server: ServerProcess
  /** Publishes for some seconds and waits until everything has been answered or delivered. */
  run(seconds: number): Promise<Elapsed & { readonly messages: number }>
}
