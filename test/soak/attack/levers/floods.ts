/** What anybody may send to any server: paths, hosts, headers, passwords. */
import type { Lever } from '../lever.ts'

/** Bun takes no longer head. */
const LONG = 15_800

const PATHS = [
  `/dashboard/${'/'.repeat(LONG)}x`,
  `/dashboard${'/a'.repeat(LONG / 2)}/`,
  `/docs/${'/'.repeat(LONG)}x`,
  `/${'/'.repeat(LONG)}x`,
  `/channels/${'%2F'.repeat(LONG / 3)}x/messages`,
  `/c/${'%20'.repeat(LONG / 3)}x`,
  `/c/${':'.repeat(LONG)}/x`,
  `/push/${'/'.repeat(LONG)}`,
  `/v1/${'../'.repeat(LONG / 3)}`,
  `/errors/${'0'.repeat(LONG)}`,
  `/sse?${'channels=x&'.repeat(LONG / 12)}`,
  `/dashboard/sign-in?next=/${'.'.repeat(LONG)}!`,
  `/dashboard/sign-in?next=${'%2F'.repeat(LONG / 3)}!`,
  `/comet/${'a!'.repeat(LONG / 2)}/recv`,
]

const HOSTS = [
  '',
  '[',
  'a b',
  '%',
  '::::',
  'x'.repeat(9000),
  '\u00e9',
  '1.2.3.4:99999',
  '/',
  '@',
  '?#',
]

const HEADERS: readonly Readonly<Record<string, string>>[] = [
  { 'x-forwarded-for': '1.2.3.4, '.repeat(1500) },
  { 'x-forwarded-for': `${':'.repeat(9000)}` },
  { 'x-forwarded-proto': 'https,'.repeat(2000) },
  { cookie: 'a=b; '.repeat(3000) },
  { cookie: `latchkey_session=${'a'.repeat(LONG - 100)}` },
  { authorization: `Basic ${'QUFB'.repeat(3800)}` },
  { authorization: `Bearer ${'eyJh.'.repeat(3000)}` },
  { origin: `https://${'a.'.repeat(7000)}` },
  { accept: 'application/json;q=0.1,'.repeat(650) },
  { 'accept-encoding': 'gzip;q=0.1,'.repeat(1300) },
  { 'x-ably-clientid': 'QUFB'.repeat(3800) },
  { 'if-none-match': 'W/"x",'.repeat(2500) },
]

export const floodLevers: readonly Lever[] = [
  {
    name: 'long-paths',
    who: 'stranger',
    summary: 'paths as long as they may be, which an expression might go back over',
    pull: (attacker) => attacker.repeat(16, (turn) => attacker.ask(PATHS[turn % PATHS.length]!)),
  },
  {
    name: 'slashes-of-the-dashboard',
    who: 'stranger',
    summary: '/dashboard/, 15,800 slashes and a letter',
    pull: (attacker) => attacker.repeat(20, () => attacker.ask(PATHS[0]!)),
  },
  {
    name: 'bad-hosts',
    who: 'stranger',
    summary: 'a Host that is none',
    pull: (attacker) =>
      attacker.repeat(16, async (turn) => {
        const host = HOSTS[turn % HOSTS.length]!
        const path = ['/', '/dashboard/', '/docs/', '/channels/x', '/health'][turn % 5]!
        const link = await attacker.rawAsk(`GET ${path}`, { host, connection: 'close' })
        await Promise.race([link.ended, Bun.sleep(1000)])
        attacker.count(link.start.slice(9, 12) || 'no answer')
        link.end()
      }),
  },
  {
    name: 'long-headers',
    who: 'stranger',
    summary: 'headers as long as they may be',
    pull: (attacker) =>
      attacker.repeat(16, (turn) => {
        const path = ['/channels/x', '/dashboard/', '/docs/', '/push/x', '/v1/apps'][turn % 5]!
        return attacker.ask(path, { headers: HEADERS[turn % HEADERS.length]! })
      }),
  },
  {
    name: 'sign-ins',
    who: 'stranger',
    summary: 'passwords at the door of the dashboard, 200 at a time',
    pull: (attacker) =>
      attacker.repeat(200, (turn) =>
        attacker.ask('/dashboard/sign-in', {
          body: `email=person-${turn}%40example.org&password=guess-${turn}`,
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            origin: `http://127.0.0.1:${attacker.target.port}`,
          },
        }),
      ),
  },
  {
    name: 'pages',
    who: 'stranger',
    summary: 'pages for everybody: documentation, errors, metrics, the description of the API',
    pull: (attacker) => {
      const pages = ['/', '/docs/ably', '/docs/limits', '/errors', '/metrics', '/v1/openapi.json']
      return attacker.repeat(32, (turn) => attacker.ask(pages[turn % pages.length]!))
    },
  },
]
