/** Runs nginx and Caddy with the very configurations of `src/deploy`; only names, ports and paths are put in. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { eventually } from '../support/client.ts'

export const DEPLOY = join(import.meta.dir, '../../src/deploy')

export interface Site {
  /** Folder for everything that the proxy writes. */
  readonly folder: string
  readonly cert: string
  readonly key: string
  /** PEM text of the authority that signed the certificate. */
  readonly ca: string
  /** Port of the server behind. */
  readonly behind: number
  /** Such as `/realtime`; empty at the root. */
  readonly basePath: string
}

export interface Proxy {
  /** `https://localhost:1234`, with the base path. */
  readonly url: string
  readonly accessLog: () => string
  /** Everything else that the proxy wrote. */
  readonly otherLogs: () => string
  stop(): Promise<void>
}

export type StartProxy = (program: string, site: Site) => Promise<Proxy>

export const startNginx: StartProxy = async (program, site) => {
  const [port, plainPort] = [await freePort(), await freePort()]
  const file = (name: string) => join(site.folder, name)
  const shown = edit(readFileSync(join(DEPLOY, 'nginx.conf'), 'utf8'), [
    ['server 127.0.0.1:8080;', `server 127.0.0.1:${site.behind};`],
    ['    listen [::]:443 ssl;\n', ''],
    ['    listen [::]:80;\n', ''],
    ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`],
    ['listen 80;', `listen 127.0.0.1:${plainPort};`],
    ['server_name latchkey.example.com;', 'server_name localhost;'],
    ['/etc/letsencrypt/live/latchkey.example.com/fullchain.pem', site.cert],
    ['/etc/letsencrypt/live/latchkey.example.com/privkey.pem', site.key],
    ['/var/log/nginx/latchkey.log', file('access.log')],
    ['/var/log/nginx/latchkey.error.log', file('error.log')],
    ['location / {', `location ${site.basePath}/ {`],
  ])
  writeFileSync(file('latchkey.conf'), shown)
  writeFileSync(file('nginx.conf'), nginxFrame(site.folder))
  const words = ['-p', site.folder, '-c', file('nginx.conf'), '-e', file('start.log')]
  return run([program, ...words], site, { port, logs: ['error.log', 'start.log'] })
}

/** The part of nginx.conf that distributions put around conf.d. */
function nginxFrame(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  // As root it would hand its work to a user that may not enter the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  return [
    `daemon off; pid ${folder}/nginx.pid; worker_processes 1; ${user}`,
    'events { worker_connections 256; }',
    'http {',
    ...temporary.map((name) => `${name}_temp_path ${folder}/${name};`),
    `include ${folder}/latchkey.conf;`,
    '}',
  ].join('\n')
}

export const startCaddy: StartProxy = async (program, site) => {
  const port = await freePort()
  const file = (name: string) => join(site.folder, name)
  const path = site.basePath === '' ? '' : `${site.basePath}/* `
  const shown = edit(readFileSync(join(DEPLOY, 'Caddyfile'), 'utf8'), [
    ['\n{\n', '\n{\n\tadmin off\n\tauto_https disable_redirects\n'],
    [
      'latchkey.example.com {',
      `localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${site.cert} ${site.key}`,
    ],
    ['/var/log/caddy/latchkey.log', file('access.log')],
    ['reverse_proxy 127.0.0.1:8080\n', `reverse_proxy ${path}127.0.0.1:${site.behind}\n`],
  ])
  writeFileSync(file('Caddyfile'), shown)
  const words = ['run', '--config', file('Caddyfile'), '--adapter', 'caddyfile']
  return run([program, ...words], site, { port, logs: [] })
}

/** Every replaced text must exist, so that a changed configuration fails the test. */
function edit(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((edited, [from, to]) => {
    if (!edited.includes(from)) throw new Error(`the configuration has no ${JSON.stringify(from)}`)
    return edited.replaceAll(from, to)
  }, text)
}

async function run(
  command: readonly string[],
  { folder, ca, basePath }: Site,
  { port, logs }: { port: number; logs: readonly string[] },
): Promise<Proxy> {
  const output = join(folder, 'output.log')
  const child = Bun.spawn([...command], {
    cwd: folder,
    // Caddy keeps certificates and its last configuration below these.
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, XDG_DATA_HOME: folder },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: Bun.file(output),
  })
  const read = (name: string) => {
    try {
      return readFileSync(join(folder, name), 'utf8')
    } catch {
      return ''
    }
  }
  const stop = async () => {
    child.kill('SIGTERM')
    await child.exited
  }
  const url = `https://localhost:${port}${basePath}`
  const otherLogs = () => [...logs, 'output.log'].map(read).join('\n')
  try {
    await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error(`${command[0]} ended: ${otherLogs()}`)
        return (await fetch(`${url}/`, { tls: { ca } }).catch(() => undefined))?.ok === true
      },
      `${command[0]} passes a request on: ${otherLogs()}`,
      8000,
    )
  } catch (error) {
    await stop()
    throw error
  }
  return { url, accessLog: () => read('access.log'), otherLogs, stop }
}

/** A port that was free a moment ago, since neither program can choose one and report it. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
