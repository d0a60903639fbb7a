/** The first page: how clients connect to this server, in code that can be copied. */
/** @jsxImportSource hono/jsx */
import { Hono } from 'hono'
import { CapabilityChecker } from '../../../policy/capability/checker.ts'
import type { ApiKey } from '../../../service/apps/api-keys.ts'
import { accountScope } from '../../access.ts'
import { type Env, type PageRequest, serverAddress } from '../../page-request.ts'
import { show } from '../../view/layout.tsx'
import { Card, Code, Notice, PageLink } from '../../view/components.tsx'
import { storedCapability } from '../apps/capability.ts'
import {
  RECONNECT_SNIPPET,
  type Target,
  publishSnippet,
  ablyFacts,
  ablySnippet,
  goSnippet,
  ittySnippet,
  plainSnippet,
  pythonSnippet,
  pushSnippet,
  trapsOf,
} from './snippets.ts'

const EXAMPLE_KEY = 'appId.keyId'
const CHANNEL = 'lobby'

export function connectPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', showConnect)
  return app
}

function showConnect(page: PageRequest): Response | Promise<Response> {
  const key = firstKey(page)
  const target = {
    url: serverAddress(page),
    keyName: key?.keyName ?? EXAMPLE_KEY,
    channel: CHANNEL,
  }
  return show(
    page,
    {
      title: 'Connect',
      section: '/',
      lead: (
        <>
          This server is at <code>{target.url}</code>. Two kinds of client know how to talk to it.
        </>
      ),
    },
    <div class="stack loose">
      {trapsOf(target).map((trap) => (
        <Notice tone="warn">{trap}</Notice>
      ))}
      <CheckCard target={target} />
      <IttyCard target={target} />
      <AblyCard target={target} apiKey={key} />
      <BackendCard target={target} pushTarget={{ ...target, channel: pushChannel(page) }} />
    </div>,
  )
}

/**
 * A key to write into the code: of those with which it would run, the one that was made last, because somebody is
 * about to use it.
 */
function firstKey(page: PageRequest): ApiKey | undefined {
  const { apps, apiKeys } = page.var.parts.services
  const keys = apps
    .list(accountScope(page))
    .flatMap((app) => apiKeys.list(app))
    .filter(({ status }) => status === 'enabled')
    .toSorted((a, b) => b.createdAt - a.createdAt)
  return keys.find(({ capability }) => wouldRun(capability)) ?? keys[0]
}

function wouldRun(capability: string): boolean {
  const checker = new CapabilityChecker(storedCapability(capability))
  return checker.permits(CHANNEL, 'publish') && checker.permits(CHANNEL, 'subscribe')
}

/** A channel that can be pushed to, where there is one. */
function pushChannel(page: PageRequest): string {
  const own = page.var.parts.services.reservations.list(accountScope(page))
  const reserved = own.find(({ sendKey }) => sendKey !== undefined)
  return `${inAddress(reserved?.namespace ?? 'acme')}/alerts`
}

/** Fit for an address between quotes in a shell, whatever the name is. */
function inAddress(name: string): string {
  return encodeURIComponent(name)
    .replaceAll(/%(2F|3A)/g, (coded) => decodeURIComponent(coded))
    .replaceAll("'", '%27')
}

/** Tried out by the reader's own browser, through whatever lies between. */
function CheckCard({ target }: { target: Target }) {
  return (
    <Card
      title="Does it work from here?"
      lead="Your browser opens a WebSocket to this server, sends a message to itself, and says what came of it."
      actions={
        <button class="button" data-check={target.url} hidden>
          Try it
        </button>
      }
    >
      <div role="status">
        <ul class="checks" role="list" id="checks">
          <li class="faint">Not tried yet.</li>
        </ul>
      </div>
    </Card>
  )
}

function IttyCard({ target }: { target: Target }) {
  return (
    <Card
      title="itty-sockets"
      lead="No account and no key: any name is a channel, and it exists while somebody is on it."
    >
      <div class="stack">
        <Code text={ittySnippet(target)} label="code for itty-sockets" />
        <details class="fold">
          <summary class="small">Come back after the network was gone</summary>
          <Code text={RECONNECT_SNIPPET} label="code for reconnecting" />
        </details>
        <details class="fold">
          <summary class="small">Without the library</summary>
          <Code text={plainSnippet(target)} label="code for a plain WebSocket" />
        </details>
        <p>
          To keep a name for yourself, <PageLink path="/reservations">reserve it</PageLink>.
        </p>
      </div>
    </Card>
  )
}

function AblyCard({ target, apiKey }: { target: Target; apiKey: ApiKey | undefined }) {
  return (
    <Card
      title="Ably’s SDKs"
      lead="With an API key of an app, or a token. Nothing else in your code changes."
    >
      <div class="stack">
        <Code text={ablySnippet(target)} label="code for Ably JS" />
        <p>
          {apiKey ? (
            <>
              <code>{apiKey.keyName}</code> is{' '}
              <PageLink path={`/apps/${apiKey.appId}/keys/${apiKey.id}`}>
                the key {apiKey.name || 'without a name'}
              </PageLink>
              ; put its secret behind the colon.
            </>
          ) : (
            <>
              First <PageLink path="/apps">make a key</PageLink>.
            </>
          )}{' '}
          In a browser, use a token and never a key.
        </p>
        <OtherLanguages target={target} />
      </div>
    </Card>
  )
}

function OtherLanguages({ target }: { target: Target }) {
  return (
    <details class="fold">
      <summary class="small">Other languages</summary>
      <div class="stack">
        <div class="stack tight">
          <h3>Python</h3>
          <Code text={pythonSnippet(target)} label="code for Ably’s SDK for Python" />
        </div>
        <div class="stack tight">
          <h3>Go</h3>
          <Code text={goSnippet(target)} label="code for Ably’s SDK for Go" />
        </div>
        <div class="stack tight">
          <h3>Any other</h3>
          <p class="small faint">
            All of Ably’s SDKs take the same options, under these names or very similar ones.
          </p>
          <dl class="facts mono">
            {ablyFacts(target).map(([name, value]) => (
              <>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </>
            ))}
          </dl>
        </div>
      </div>
    </details>
  )
}

function BackendCard({ target, pushTarget }: { target: Target; pushTarget: Target }) {
  return (
    <Card title="From a backend" lead="One HTTP request sends a message; no connection is kept.">
      <div class="stack loose">
        <div class="stack tight">
          <h3>On a reserved channel</h3>
          <Code text={pushSnippet(pushTarget)} label="the request on a reserved channel" />
          <p class="hint">The send key of the reservation goes into the header.</p>
        </div>
        <div class="stack tight">
          <h3>On a channel of an app</h3>
          <Code text={publishSnippet(target)} label="the request on a channel of an app" />
          <p class="hint">The whole API key goes behind -u.</p>
        </div>
      </div>
    </Card>
  )
}
