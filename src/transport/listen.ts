/** Opens the listeners: the main port, optionally one for metrics, and the socket file for the command line. */
import { chmodSync, existsSync, readFileSync, unlinkSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import type { Server, WebSocketHandler } from 'bun'
import type { Config } from '../config.ts'
import type { Metrics } from '../ops/metrics.ts'
import { controlSocketPath } from '../service/control/control-socket.ts'
import { StartError } from '../start-error.ts'
import { plainly } from '../trouble.ts'
import type { Connection } from './connection.ts'
import { SILENCE_SECONDS } from './arrival.ts'
import type { Front } from './front.ts'
import { type HttpApp, metricsApp } from './http.ts'
import { OwnVisit } from './own-visit.ts'

export interface ListenParts {
  readonly config: Config
  /** Where the socket file goes; undefined for a server that writes no file. */
  readonly folder: string | undefined
  readonly front: Front
  readonly sockets: WebSocketHandler<Connection>
  /** Given when metrics have a port of their own. */
  readonly metrics: Metrics | undefined
  readonly control: HttpApp
}

export interface Listeners {
  readonly main: Server<Connection>
  readonly url: string
  readonly port: number
  readonly addresses: readonly string[]
  /** Closes what clients use: afterwards nothing comes in any more. */
  stopServing(): Promise<void>
  /** Closes everything, and with the socket file lets go of the data folder. */
  stop(): Promise<void>
}

/** @throws StartError when a port is taken or a certificate cannot be used */
export function listen(parts: ListenParts): Listeners {
  const { config } = parts
  const main = attempt(`${config.host}:${config.port}`, '--port', () => mainListener(parts))
  const opened: Server<unknown>[] = [main]
  try {
    const { metrics } = parts
    if (metrics && config.metricsPort !== undefined) {
      const { metricsPort: port } = config
      const hostname = bindAddress(config.metricsHost)
      const app = metricsApp(metrics)
      opened.push(
        attempt(`${hostname}:${port}`, '--metrics-port', () =>
          Bun.serve({
            hostname,
            port,
            development: false,
            reusePort: false,
            fetch: (request) => app.fetch(request),
          }),
        ),
      )
    }
    const serving = [...opened]
    const unix = parts.folder === undefined ? undefined : controlSocketPath(parts.folder)
    if (unix !== undefined) opened.push(controlListener(unix, parts.control))
    const scheme = config.tlsCert === undefined ? 'http' : 'https'
    const port = main.port!
    return {
      main,
      port,
      url: `${scheme}://${hostText(config.host)}:${port}`,
      addresses: addresses(config, scheme, port),
      stopServing: async () => {
        await Promise.all(serving.map((listener) => listener.stop(true)))
      },
      stop: async () => {
        await Promise.all(opened.map((listener) => listener.stop(true)))
        if (unix !== undefined) removeQuietly(unix)
      },
    }
  } catch (error) {
    for (const listener of opened) void listener.stop(true)
    throw error
  }
}

function mainListener({ config, front, sockets }: ListenParts): Server<Connection> {
  const tls =
    config.tlsCert === undefined
      ? undefined
      : { cert: pem(config.tlsCert), key: pem(config.tlsKey!) }
  return Bun.serve<Connection, never>({
    hostname: bindAddress(config.host),
    port: config.port,
    ...(tls && { tls }),
    // Only a bound on what may be buffered: whatever is sent here has its own, smaller limits and errors.
    maxRequestBodySize: Math.max(config.maxMessageBytes * 4, 2_228_224),
    idleTimeout: SILENCE_SECONDS,
    // Bun's page for errors would show source code to strangers.
    development: false,
    // Outside development Bun shares a port by default, and each server would get some of the clients.
    reusePort: false,
    fetch: (request, server) => front.fetch(request, server),
    error: (error) => front.bug(error),
    websocket: sockets,
  })
}

function controlListener(unix: string, control: HttpApp): Server<unknown> {
  const listener = attempt(unix, '--data', () => {
    removeQuietly(unix)
    return Bun.serve({
      unix,
      development: false,
      fetch: (request) => control(new OwnVisit(request)),
    })
  })
  chmodSync(unix, 0o600)
  return listener
}

function pem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new StartError(`${path} cannot be read: ${plainly(error)}`)
  }
}

function attempt<T>(where: string, option: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (error instanceof StartError) throw error
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EADDRINUSE')
      throw new StartError(`${where} is already in use; choose another ${option}`)
    throw new StartError(`cannot listen on ${where}: ${plainly(error)}`)
  }
}

function removeQuietly(path: string): void {
  if (existsSync(path)) unlinkSync(path)
}

/** Every address under which this machine can be reached, for people to click on. */
function addresses(config: Config, scheme: string, port: number): string[] {
  const hosts = isWildcard(config.host)
    ? ['localhost', ...machineAddresses(config.host)]
    : [config.host]
  const urls = hosts.map((host) => `${scheme}://${hostText(host)}:${port}${config.basePath}`)
  return config.publicUrl === undefined ? urls : [config.publicUrl, ...urls]
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function machineAddresses(host: string): string[] {
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => !entry.internal && (entry.family === 'IPv4' || host === '::'))
    .filter((entry) => !entry.address.startsWith('fe80'))
    .map((entry) => entry.address)
}

/**
 * Given the name, Bun would quietly take ::1 where another program has the port on 127.0.0.1,
 * and clients would reach either one.
 */
function bindAddress(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
