/** Signing in with a provider: the way there and back, to sign in, to come in by a link, or to connect who you are. */
/** @jsxImportSource hono/jsx */
import { Hono } from 'hono'
import { type Failure, failure } from '../../failure.ts'
import {
  type Journey,
  type Provider,
  type ProviderIdentity,
  newJourney,
} from '../../identity/providers/provider.ts'
import { dropJourney, keepJourney, sealedJourney } from '../cookies.ts'
import { identifySignedIn } from '../guard.ts'
import { notify } from '../notices.ts'
import { type Env, type PageRequest, redirectTo, serverAddress } from '../page-request.ts'
import { showSignedOut } from '../view/layout.tsx'
import { PageLink } from '../view/components.tsx'
import { welcome } from './invitations.tsx'
import { localPath, startSession } from './sign-in.tsx'
import { sentence, showFailure, tellWhen } from './failures.tsx'

/** Why a browser was sent to the provider. */
type Purpose =
  | { readonly kind: 'enter'; readonly next: string }
  | { readonly kind: 'claim' | 'invite'; readonly token: string }
  | { readonly kind: 'connect'; readonly personId: string }

interface Trip {
  readonly provider: string
  readonly journey: Journey
  readonly purpose: Purpose
  /** Milliseconds since the epoch. */
  readonly until: number
}

const TRIP_MS = 10 * 60_000

/** Open to everybody; connecting an identity asks for a session itself. */
export function providerPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/sign-in/:provider', (page) =>
    depart(page, { kind: 'enter', next: localPath(page.req.query('next') ?? '') }),
  )
  app.get('/claim/:provider', (page) =>
    depart(page, { kind: 'claim', token: page.req.query('token') ?? '' }),
  )
  app.get('/invite/:provider', (page) =>
    depart(page, { kind: 'invite', token: page.req.query('token') ?? '' }),
  )
  app.get('/account/connect/:provider', (page) => {
    const { signedIn } = page.var
    if (!signedIn) return redirectTo(page, '/sign-in')
    return depart(page, { kind: 'connect', personId: signedIn.person.id })
  })
  app.get('/sign-in/:provider/back', comeBack)
  return app
}

function providerOf(page: PageRequest): Provider | undefined {
  const id = page.req.param('provider')
  return page.var.parts.providers.find((provider) => provider.id === id)
}

/** The address that is registered with the provider. */
function backAddress(page: PageRequest, provider: Provider): string {
  return `${serverAddress(page)}/dashboard/sign-in/${provider.id}/back`
}

async function depart(page: PageRequest, purpose: Purpose): Promise<Response> {
  const provider = providerOf(page)
  if (!provider) return showFailure(page, failure('not_found'))
  const { services, clock } = page.var.parts
  const journey = newJourney()
  const started = await provider.start(journey, backAddress(page, provider))
  if (!started.ok) return showRefusal(page, started.failure)
  const trip: Trip = { provider: provider.id, journey, purpose, until: clock.now() + TRIP_MS }
  keepJourney(page, services.keyring.seal(JSON.stringify(trip)))
  return page.redirect(started.value, 302)
}

async function comeBack(page: PageRequest): Promise<Response> {
  const provider = providerOf(page)
  const trip = readTrip(page)
  // The state is good for one return, whatever comes of it.
  dropJourney(page)
  const code = page.req.query('code')
  const isOurs = trip?.provider === provider?.id && page.req.query('state') === trip?.journey.state
  if (!provider || !trip || !isOurs)
    return showRefusal(page, failure('sign_in_refused', 'this sign-in was not begun here'))
  if (code === undefined)
    return showRefusal(page, failure('sign_in_refused', `${provider.name} did not let you in`))
  // Each code costs a request to the provider, so guesses are limited.
  const { visit } = page.env
  if (!visit.mayAttempt()) return showRefusal(page, failure('attempt_rate'))
  const found = await provider.finish(code, trip.journey, backAddress(page, provider))
  if (!found.ok) {
    const isTold = visit.failedAttempt()
    return showRefusal(page, isTold ? found.failure : failure('attempt_rate'))
  }
  await page.var.parts.services.ledger.ready()
  return arrive(page, trip.purpose, found.value)
}

/** Sealed, so that nobody can make one, and in a cookie, so that it belongs to one browser. */
function readTrip(page: PageRequest): Trip | undefined {
  const { services, clock } = page.var.parts
  const sealed = sealedJourney(page)
  const text = sealed && services.keyring.open(sealed)
  if (text === undefined) return undefined
  const trip = JSON.parse(text) as Trip
  const leftMs = trip.until - clock.now()
  // A clock that was set back must not extend the time for signing in.
  return leftMs > 0 && leftMs <= TRIP_MS ? trip : undefined
}

async function arrive(
  page: PageRequest,
  purpose: Purpose,
  identity: ProviderIdentity,
): Promise<Response> {
  if (purpose.kind === 'connect') return connect(page, purpose.personId, identity)
  const { people, signInMethods, signUp } = page.var.parts.services
  if (purpose.kind !== 'enter') {
    const arrived = await signUp.arriveWith(purpose.kind, purpose.token, identity)
    return arrived.ok ? welcome(page, arrived.value) : showRefusal(page, arrived.failure)
  }
  const person = signInMethods.withIdentity(identity)
  const [accountId] = person ? people.accountsOf(person.id) : []
  if (!person || accountId === undefined) return showRefusal(page, failure('identity_unknown'))
  await page.var.parts.services.ledger.commit(() => startSession(page, person.id, accountId))
  return redirectTo(page, purpose.next)
}

async function connect(
  page: PageRequest,
  personId: string,
  identity: ProviderIdentity,
): Promise<Response> {
  const { ledger, signInMethods } = page.var.parts.services
  const connected = await ledger.commit(() => {
    // The provider has been asked in between, and the session can have ended.
    if (identifySignedIn(page)?.person.id !== personId) return undefined
    return signInMethods.connect(personId, identity)
  })
  if (!connected) return redirectTo(page, '/sign-in')
  if (connected.ok) notify(page, `You can sign in as ${identity.label} from now on.`)
  else notify(page, sentence(connected.failure.message), 'bad')
  return redirectTo(page, '/account')
}

function showRefusal(page: PageRequest, why: Failure): Response | Promise<Response> {
  tellWhen(page, why)
  return showSignedOut(
    page,
    { title: 'That did not work', status: why.status as 400 },
    <>
      <p>{sentence(why.message)}</p>
      {why.name === 'identity_unknown' && (
        <p>
          Ask an owner for an invitation; or sign in with your password, and connect this identity
          on the account page. Nobody is recognised by an email address alone.
        </p>
      )}
      <p>
        <PageLink path="/sign-in">Back to the sign-in</PageLink>
      </p>
    </>,
  )
}
