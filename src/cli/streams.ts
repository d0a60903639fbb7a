/** Standard output and standard error of a process, and whether what was printed arrived. */
import { plainly } from '../trouble.ts'

export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Once everything so far is written: why it could not be, if so. Left out where nothing can fail. */
  readonly written?: () => Promise<string | undefined>
}

/** The part of a stream of Node that is used here. */
interface Sink {
  write(text: string, done: (error?: Error | null) => void): unknown
  on(event: 'error', listener: () => void): unknown
}

/** To be made once a process: without a listener, an error of a stream would end the process. */
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
