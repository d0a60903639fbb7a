/** A real server process that is stopped and started again at the same address, on the same data folder. */
import { ServerProcess } from '../cli/process.ts'
import { temporaryFolder } from './server.ts'

/** Below the ports that the system gives to clients: one of those could take the server's while it is away. */
const FIRST_PORT = 10_000
const PORTS = 20_000

export class RestartableServer {
  readonly port: number
  readonly url: string
  readonly folder: string
  readonly #flags: readonly string[]
  readonly #remove: () => void
  #process: ServerProcess | undefined

  private constructor(port: number, flags: readonly string[]) {
    const folder = temporaryFolder()
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.folder = folder.path
    this.#flags = ['--data', folder.path, '--port', String(port), ...flags]
    this.#remove = folder.remove
  }

  static async start(...flags: string[]): Promise<RestartableServer> {
    for (;;) {
      const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
      const server = new RestartableServer(port, flags)
      try {
        await server.start()
        return server
      } catch (error) {
        await server.end()
        if (!(error as Error).message.includes('already in use')) throw error
      }
    }
  }

  /** What this run has logged. */
  get logs(): readonly Record<string, unknown>[] {
    return this.#process?.logs ?? []
  }

  async start(): Promise<void> {
    this.#process = await ServerProcess.start(this.#flags)
  }

  /** As a service manager stops it. */
  async stop(): Promise<void> {
    this.#process?.signal('SIGTERM')
    const code = await this.#process?.exited()
    if (code !== 0) throw new Error(`it ended with ${code}: ${this.#process?.out}`)
  }

  async kill(): Promise<void> {
    await this.#process?.end()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async end(): Promise<void> {
    await this.kill()
    this.#remove()
  }
}
