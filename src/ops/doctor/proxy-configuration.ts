/** The lines to change in each proxy: passing WebSockets on, finding Latchkey, silence, sub-paths. */
import type { Config } from '../../config.ts'
import type { ProxyName } from './proxy.ts'
import type { Target } from './target.ts'

/**
 * `upgrade`: the proxy drops WebSocket headers. `upstream`: it cannot reach Latchkey.
 * `idle`: it cuts quiet connections. `sub-path`: it passes the sub-path on in the wrong form.
 */
export type Remedy = 'upgrade' | 'upstream' | 'idle' | 'sub-path'

/** Words that the lines are filled with. */
interface Site {
  readonly host: string
  /** Host as a Caddyfile names it, which decides whether Caddy fetches a certificate. */
  readonly caddyName: string
  /** Public sub-path without a trailing slash, empty at the root. */
  readonly path: string
  /** Where Latchkey listens, as a proxy on the same machine reaches it. */
  readonly scheme: 'http' | 'https'
  readonly address: string
  readonly port: number
}

type Lines = (site: Site) => string[]

const CONTAINER =
  "# in a container: the name of Latchkey's container, and start Latchkey with --host 0.0.0.0"

const PROXIES: Readonly<Record<ProxyName, Readonly<Record<Remedy, Lines>>>> = {
  nginx: {
    upgrade: (site) => nginxLocation(site),
    upstream: ({ scheme, address }) => [
      `proxy_pass ${scheme}://${address};  # in a container: the name of Latchkey's container instead of 127.0.0.1`,
      '# on SELinux systems: setsebool -P httpd_can_network_connect 1',
    ],
    idle: () => ['proxy_read_timeout 75s;', 'proxy_send_timeout 75s;'],
    'sub-path': (site) => nginxLocation(site),
  },
  Caddy: {
    upgrade: (site) => [
      ...caddySite(site),
      '# and remove lines such as `header_up -Upgrade`, `header_up Connection …`, `versions h2c`',
    ],
    upstream: (site) => [...caddySite(site), CONTAINER],
    idle: () => ['# inside reverse_proxy: remove `stream_timeout`, or set', 'stream_timeout 0'],
    'sub-path': (site) => [
      ...caddySite(site),
      '# with `handle`, not `handle_path`, which strips the path',
    ],
  },
  Traefik: {
    upgrade: (site) => [
      ...traefikLabels(site),
      '# and remove middlewares that set the Connection or Upgrade header (customRequestHeaders)',
    ],
    upstream: (site) => [
      ...traefikLabels(site),
      '# Traefik and Latchkey must share a Docker network: traefik.docker.network=…',
      CONTAINER,
    ],
    idle: () => [
      '--entryPoints.websecure.transport.respondingTimeouts.readTimeout=0',
      '--entryPoints.websecure.transport.respondingTimeouts.idleTimeout=180s',
    ],
    'sub-path': (site) => [...traefikLabels(site), '# without a stripPrefix middleware'],
  },
  Apache: {
    upgrade: (site) => apacheSite(site),
    upstream: (site) => [
      ...apacheSite(site),
      '# on SELinux systems: setsebool -P httpd_can_network_connect 1',
    ],
    // Measured with 2.4: a tunnel keeps to the server's Timeout, whatever ProxyTimeout and timeout= say.
    idle: () => ['Timeout 75'],
    'sub-path': (site) => apacheSite(site),
  },
  IIS: {
    upgrade: (site) => [
      'Install-WindowsFeature Web-WebSockets',
      '<webSocket enabled="true" />  <!-- web.config, in <system.webServer> -->',
      ...iisRule(site),
    ],
    upstream: (site) => [
      `appcmd.exe set config -section:system.webServer/proxy /enabled:"True" /commit:apphost`,
      ...iisRule(site),
    ],
    idle: () => [
      `appcmd.exe set config -section:system.webServer/proxy /timeout:"00:02:00" /commit:apphost`,
    ],
    'sub-path': (site) => iisRule(site),
  },
  HAProxy: {
    upgrade: (site) => [
      ...haproxyBackend(site),
      '# and remove `http-request del-header Upgrade` or `Connection`, and `proto h2` on the server line',
    ],
    upstream: (site) => haproxyBackend(site),
    idle: () => ['timeout client 75s', 'timeout server 75s', 'timeout tunnel 1h'],
    'sub-path': (site) => [
      ...haproxyBackend(site),
      '# without an `http-request replace-path` or `set-path` that takes the prefix away',
    ],
  },
  Cloudflare: {
    upgrade: ({ host }) => [`dash.cloudflare.com > ${host} > Network > WebSockets: On`],
    upstream: ({ host }) => [
      `dash.cloudflare.com > ${host} > DNS: the record must point to the machine of the proxy or of Latchkey`,
      `dash.cloudflare.com > ${host} > SSL/TLS: "Full (strict)" with a valid certificate there`,
    ],
    idle: () => [
      '# Cloudflare cuts after 100 s without traffic, which our pings prevent: look at the proxy behind it',
    ],
    'sub-path': ({ host }) => [
      `dash.cloudflare.com > ${host} > Rules: no redirect or URL rewrite may touch the sub-path`,
    ],
  },
}

const GENERAL: Readonly<Record<Remedy, Lines>> = {
  upgrade: () => [
    'the proxy must speak HTTP/1.1 to Latchkey and pass these request headers on unchanged:',
    'Upgrade: websocket',
    'Connection: Upgrade',
  ],
  upstream: ({ scheme, address }) => [`the proxy must send requests to ${scheme}://${address}`],
  idle: () => ['the proxy must let a connection be quiet for 60 seconds or more'],
  'sub-path': ({ path }) => [
    `the proxy must pass ${path}/… on unchanged, and Latchkey run with --base-path ${path}`,
    'or the proxy must strip it, and Latchkey run without --base-path',
  ],
}

/** Lines for every proxy that was met, each under its name; general words when there is none. */
export function remedyLines(
  proxies: readonly ProxyName[],
  remedy: Remedy,
  config: Config,
  target: Target,
): string[] {
  const site = siteOf(config, target)
  if (proxies.length === 0) return GENERAL[remedy](site)
  return proxies.flatMap((proxy) => [`# ${proxy}`, ...PROXIES[proxy][remedy](site)])
}

function siteOf(config: Config, target: Target): Site {
  const everywhere = ['localhost', '0.0.0.0', '::', '127.0.0.1']
  const host = everywhere.includes(config.host) ? '127.0.0.1' : config.host
  const port = config.port === 0 ? 8080 : config.port
  return {
    host: target.host,
    caddyName: target.secure ? target.authority : target.origin,
    path: target.path,
    scheme: config.tlsCert === undefined ? 'http' : 'https',
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
  }
}

function nginxLocation({ path, scheme, address }: Site): string[] {
  return [
    'map $http_upgrade $connection_upgrade {  # in http { }',
    '    default upgrade;',
    "    ''      close;",
    '}',
    `location ${path}/ {  # in server { }`,
    `    proxy_pass ${scheme}://${address};`,
    '    proxy_http_version 1.1;',
    '    proxy_set_header Upgrade $http_upgrade;',
    '    proxy_set_header Connection $connection_upgrade;',
    '    proxy_set_header Host $host;',
    '    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    '    proxy_read_timeout 75s;',
    '}',
  ]
}

function caddySite({ caddyName, path, scheme, address }: Site): string[] {
  const upstream = scheme === 'https' ? `https://${address}` : address
  return [`${caddyName} {`, `    reverse_proxy ${path === '' ? '' : `${path}/* `}${upstream}`, '}']
}

function traefikLabels({ host, path, scheme, port }: Site): string[] {
  const rule = `Host(\`${host}\`)${path === '' ? '' : ` && PathPrefix(\`${path}\`)`}`
  return [
    `traefik.http.routers.latchkey.rule=${rule}`,
    `traefik.http.services.latchkey.loadbalancer.server.port=${port}`,
    `traefik.http.services.latchkey.loadbalancer.server.scheme=${scheme}`,
  ]
}

function apacheSite(site: Site): string[] {
  return [
    'a2enmod proxy proxy_http proxy_wstunnel',
    'ProxyPreserveHost On',
    `ProxyPass "${site.path}/" "${site.scheme}://${site.address}${site.path}/" upgrade=websocket`,
    '# before Apache 2.4.47, which has no upgrade=, this line above the other instead:',
    `ProxyPass "${site.path}/c/" "${site.scheme === 'https' ? 'wss' : 'ws'}://${site.address}${site.path}/c/"`,
  ]
}

function iisRule({ path, scheme, address }: Site): string[] {
  return [
    '<rule name="latchkey" stopProcessing="true">  <!-- web.config, in <rewrite><rules> -->',
    `  <match url="^${path === '' ? '' : `${path.slice(1)}/`}.*" />`,
    `  <action type="Rewrite" url="${scheme}://${address}/{R:0}" />`,
    '</rule>',
  ]
}

function haproxyBackend({ scheme, address }: Site): string[] {
  return [
    'defaults',
    '    mode http',
    '    option forwardfor',
    '    timeout client 75s',
    '    timeout server 75s',
    '    timeout tunnel 1h',
    'backend latchkey',
    `    server latchkey ${address}${scheme === 'https' ? ' ssl verify none' : ''}`,
  ]
}
