/** Time and processor use of measured parts, of which a session has several. */
import type { ServerProcess } from './server.ts'

export interface Elapsed {
  readonly seconds: number
  /** Processor time of the server. */
  readonly cpuSeconds: number
}

/** Starts measuring; the function that it returns stops and tells. */
export function startWatch(server: ServerProcess): () => Elapsed {
  const cpu = server.cpuSeconds()
  const start = performance.now()
  return () => ({
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: server.cpuSeconds() - cpu,
  })
}

/** Sums of several parts. */
export class Tally {
  /** Of what is counted: messages, joins, requests. */
  count = 0
  seconds = 0
  cpuSeconds = 0

  add(count: number, elapsed: Elapsed): void {
    this.count += count
    this.seconds += elapsed.seconds
    this.cpuSeconds += elapsed.cpuSeconds
  }

  get perSecond(): number {
    return this.count / this.seconds
  }

  get cpuEach(): number {
    return this.cpuSeconds / this.count
  }

  /** Share of its core that the server used: near 1, it was what limited the rate. */
  get load(): number {
    return this.cpuSeconds / this.seconds
  }
}
