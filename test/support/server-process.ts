/** A real server in a process of its own, whose output and end the test can look at. */
import { MAIN, latchkey, temporaryFolder } from './server.ts'

export interface ServerProcess {
  readonly url: string
  /** `ws://127.0.0.1:1234/c/`, to which a channel is appended. */
  readonly sockets: string
  readonly port: number
  /** The data folder. */
  readonly folder: string
  /** Everything written since it told where it listens. */
  output(): string
  /** Stops it like a service manager, and removes its folder. */
  end(): Promise<number>
}

/** @param reservations arguments of `latchkey reservations add`, run before the start */
export async function startServerProcess(
  flags: readonly string[],
  reservations: readonly (readonly string[])[] = [],
): Promise<ServerProcess> {
  const folder = temporaryFolder()
  const data = ['--data', folder.path]
  for (const reservation of reservations) {
    const { code, err } = await latchkey(['reservations', 'add', ...reservation, ...data])
    if (code !== 0) throw new Error(err)
  }
  const command = [process.execPath, MAIN, 'serve', '--json', '--host', '127.0.0.1', '--port', '0']
  const child = Bun.spawn([...command, ...data, ...flags], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdout: 'pipe',
    stderr: 'pipe',
    stdin: 'ignore',
  })
  let output = ''
  const told = Promise.withResolvers<number>()
  const reading = Promise.all(
    [child.stdout, child.stderr].map(async (stream) => {
      for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
        output += chunk
        const port = /"port": ?(\d+)/.exec(output)?.[1]
        if (port && output.endsWith('}\n')) told.resolve(Number(port))
      }
    }),
  )
  void reading.then(() => told.reject(new Error(`the server did not start: ${output}`)))
  const port = await told.promise
  const announcement = output.length
  return {
    url: `http://127.0.0.1:${port}`,
    sockets: `ws://127.0.0.1:${port}/c/`,
    port,
    folder: folder.path,
    output: () => output.slice(announcement),
    end: async () => {
      child.kill('SIGTERM')
      const code = await child.exited
      await reading
      folder.remove()
      return code
    },
  }
}
