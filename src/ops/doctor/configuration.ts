/** Settings that are each right but do not fit together, or not the public address. */
import type { Config } from '../../config.ts'
import { shellWord } from '../../text/shell.ts'
import { type Finding, reporter } from './finding.ts'
import { type Target, isLoopback } from './target.ts'

const report = reporter('configuration')

/** A proxy commonly cuts at 60 s; pings must come well before. */
const PROXY_CUT_SECONDS = 60

export function* checkConfiguration(
  config: Config,
  target: Target | undefined,
): Generator<Finding> {
  const rules = [plainHttp, basePath, trustedProxies, everyProxy, origins, sandbox, pings]
  const findings = rules.map((rule) => rule(config, target)).filter((found) => found !== undefined)
  if (findings.length === 0) yield report.ok('the settings fit together')
  yield* findings
}

type Rule = (config: Config, target: Target | undefined) => Finding | undefined

const plainHttp: Rule = (config, target) => {
  if (isLoopback(config.host) || config.tlsCert !== undefined || target?.secure) return undefined
  return report.warning(
    `listens on ${config.host} without TLS: keys and messages can be read on the way`,
    [
      '--tls-cert FILE --tls-key FILE',
      'or --host localhost, with a proxy that has a certificate in front',
    ],
  )
}

const basePath: Rule = (config, target) => {
  if (config.basePath === '' || !target || target.path === config.basePath) return undefined
  return report.warning(
    `the base path is ${config.basePath}, but the public address has ${target.path === '' ? 'no path' : target.path}`,
    [
      `--public-url ${shellWord(target.origin + config.basePath)}`,
      target.path === '' ? 'or leave --base-path out' : `or --base-path ${shellWord(target.path)}`,
    ],
  )
}

const trustedProxies: Rule = (config, target) => {
  if (config.trustedProxies.length > 0 || !target?.secure || config.tlsCert !== undefined)
    return undefined
  return report.warning(
    'no proxy is trusted, although one must serve https: all clients count as one address and share its limits',
    [
      '--trusted-proxies loopback   # a proxy on this machine',
      '--trusted-proxies private    # a proxy in the same container network',
    ],
  )
}

const everyProxy: Rule = (config) => {
  const open = config.trustedProxies.find((item) => item.endsWith('/0'))
  if (open === undefined) return undefined
  return report.warning(
    `trusts ${open} as a proxy: anybody can claim any address, and limits mean nothing`,
    ['--trusted-proxies ADDRESS_OF_THE_PROXY'],
  )
}

const origins: Rule = (config, target) => {
  const isPublic = target !== undefined && !isLoopback(target.host)
  if (!isPublic || !config.allowedOrigins.includes('*')) return undefined
  return report.warning('pages of any site may connect (--allowed-origins *)', [
    `--allowed-origins ${shellWord(target.origin)}`,
  ])
}

const sandbox: Rule = (config, target) => {
  const isPublic = target !== undefined && !isLoopback(target.host)
  if (!config.sandbox || !(isPublic || config.sandboxOnPublicAddress)) return undefined
  return report.warning('whoever reaches the server can make apps on it (--sandbox)', [
    'leave --sandbox out where others than testers can reach it',
  ])
}

const pings: Rule = (config) => {
  if (config.idleTimeout < PROXY_CUT_SECONDS) return undefined
  return report.warning(
    `quiet sockets are pinged only after about ${config.idleTimeout - 8} s, and many proxies cut at ${PROXY_CUT_SECONDS} s`,
    ['--idle-timeout 28'],
  )
}
