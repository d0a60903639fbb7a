/** A real server process that is stopped and started again at the same address, on the same data folder. */
import { ServerProcess } from '../cli/process.ts'
import { temporaryFolder } from './server.ts'

/** Below the ephemeral ports, so that no client gets the server's port while it is stopped. */
const FIRST_PORT = 10_000
const PORTS = 20_000

/** Environment of a server process. */
export interface ProcessSurroundings {
  readonly environment?: Record<string, string>
  /** How many files it may open. */
  readonly maxFiles?: number
}

export class RestartableServer {
  readonly port: number
  readonly url: string
  readonly folder: string
  readonly #flags: readonly string[]
  readonly #surroundings: ProcessSurroundings
  readonly #remove: () => void
  #process: ServerProcess | undefined

  private constructor(
    port: number,
    flags: readonly string[],
    surroundings: ProcessSurroundings = {},
  ) {
    const folder = temporaryFolder()
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.folder = folder.path
    this.#flags = ['--data', folder.path, '--port', String(port), ...flags]
    this.#surroundings = surroundings
    this.#remove = folder.remove
  }

  static start(...flags: string[]): Promise<RestartableServer> {
    return RestartableServer.startIn({}, ...flags)
  }

  static async startIn(
    surroundings: ProcessSurroundings,
    ...flags: string[]
  ): Promise<RestartableServer> {
    for (;;) {
      const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
      const server = new RestartableServer(port, flags, surroundings)
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
    const { environment, maxFiles } = this.#surroundings
    this.#process = await ServerProcess.start(this.#flags, environment, maxFiles)
  }

  /** Stops it like a service manager. */
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
