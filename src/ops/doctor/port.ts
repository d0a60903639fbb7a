/** The port: free, answered by Latchkey, or taken by something else. */
import net from 'node:net'
import type { Config } from '../../config.ts'
import { type Finding, errorText, reporter } from './finding.ts'
import { isOurs } from './own-answer.ts'
import { type Reply, ask, replyText } from './reply.ts'
import type { Target } from './target.ts'
import { type Attempt, dial } from './raw-connection.ts'

const report = reporter('port')
const PRIVILEGED_BELOW = 1024

export async function* checkPort(config: Config, timeoutMs: number): AsyncGenerator<Finding> {
  if (config.port === 0) {
    yield report.skipped('port 0 lets the system choose a free one')
    return
  }
  const target = localTarget(config)
  const reply = await askLocal(target, timeoutMs)
  if (reply.ok) {
    yield isOurs(reply.value)
      ? report.ok(`Latchkey answers on ${target.authority}`)
      : taken(target, `a web server answers there: ${replyText(reply.value)}`)
    return
  }
  if (reply.trouble.kind === 'refused' || reply.trouble.kind === 'unreachable') {
    yield await tryListen(config, target)
    return
  }
  yield taken(target, 'what holds it does not answer as a web server')
}

/** The port as it is reached from this machine. */
function localTarget(config: Config): Target {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
  const host = everywhere[config.host] ?? config.host
  const secure = config.tlsCert !== undefined
  const authority = `${host.includes(':') ? `[${host}]` : host}:${config.port}`
  const origin = `${secure ? 'https' : 'http'}://${authority}`
  return { secure, host, port: config.port, path: config.basePath, authority, origin }
}

/** Asks over TLS when it is configured, then plainly, so that a plain server on the port is still named. */
async function askLocal(target: Target, timeoutMs: number): Promise<Attempt<Reply>> {
  const to = { target, address: undefined, timeoutMs, authorities: undefined }
  const dialled = await dial(to)
  if (!dialled.ok) {
    return dialled.trouble.kind === 'tls'
      ? askLocal({ ...target, secure: false }, timeoutMs)
      : dialled
  }
  const connection = dialled.value
  const reply = await ask(
    connection,
    { target, path: `${target.path}/health`, headers: ['Connection: close'] },
    timeoutMs,
  )
  connection.end()
  return reply
}

function taken(target: Target, what: string): Finding {
  return report.wrong(`${target.authority} is taken: ${what}`, [
    `sudo ss -ltnp 'sport = :${target.port}'   # shows which program it is`,
    '--port ANOTHER',
  ])
}

async function tryListen(config: Config, target: Target): Promise<Finding> {
  const code = await listenCode(config)
  if (code === undefined) return report.ok(`${target.authority} is free; no server runs there now`)
  if (code === 'EADDRINUSE') return taken(target, 'another program holds it')
  if (code === 'EACCES' || code === 'EPERM') return forbidden(config)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return report.wrong(`${config.host} is no address of this machine (${code})`, [
      '--host localhost   # behind a proxy on this machine',
      '--host 0.0.0.0     # on every interface',
    ])
  }
  return report.wrong(`${target.authority} cannot be listened on (${code})`)
}

function forbidden(config: Config): Finding {
  if (config.port >= PRIVILEGED_BELOW)
    return report.wrong(`listening on port ${config.port} is not permitted`)
  return report.wrong(`port ${config.port} needs rights that this user does not have`, [
    'systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE',
    `docker: -p ${config.port}:8080, and --port 8080 inside`,
    'sudo setcap cap_net_bind_service=+ep /usr/local/bin/latchkey',
  ])
}

/** The error code of listening there for a moment; undefined when it works. */
async function listenCode(config: Config): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const server = net.createServer()
  server.once('error', (error) => resolve(errorText(error)))
  try {
    server.listen({ host: config.host, port: config.port, exclusive: true }, () =>
      server.close(() => resolve(undefined)),
    )
  } catch (error) {
    resolve(errorText(error))
  }
  return promise
}
