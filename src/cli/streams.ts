/** Standard output and standard error, and whether writing to them succeeded. */
import { plainly } from '../trouble.ts'

export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Resolves once everything is written, with the error if that failed. Absent where writing cannot fail. */
  readonly written?: () => Promise<string | undefined>
}

/** The part of a stream of Node that is used here. */
interface Sink {
  write(text: string, done: (error?: Error | null) => void): unknown
  on(event: 'error', listener: () => void): unknown
}

/** To be created once per process: without its listener, an error of a stream would end the process. */
export function processStreams(stdout: Sink, stderr: Sink): Required<Streams> {
  let trouble: string | undefined
  let last = Promise.resolve()
  for (const sink of [stdout, stderr]) sink.on('error', () => {})
  return {
    out: (text) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      stdout.write(text, (error) => {
        if (error) trouble ??= plainly(error)
        resolve()
      })
      last = Promise.all([last, promise]).then(() => {})
    },
    err: (text) => void stderr.write(text, () => {}),
    written: async () => {
      await last
      return trouble
    },
  }
}
