/** The addresses of the account page. */
import { Hono } from 'hono'
import { failure } from '../../../failure.ts'
import { hasRight } from '../../../policy/roles.ts'
import { type Env, type PageRequest, requireSignedIn } from '../../page-request.ts'
import { showFailure } from '../failures.tsx'
import {
  askToRemovePerson,
  changePassword,
  changeRole,
  disconnect,
  endSession,
  invite,
  removePerson,
  signOutEverywhere,
  switchAccount,
  withdraw,
} from './actions.tsx'
import { showAccount } from './page.tsx'

export function accountPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', (page) => showAccount(page))
  app.post('/own/password', changePassword)
  app.post('/own/end-session', endSession)
  app.post('/own/sign-out-everywhere', signOutEverywhere)
  app.post('/own/switch', switchAccount)
  app.post('/own/disconnect', disconnect)
  app.use('/people/*', ownersOnly)
  app.post('/people/invite', invite)
  app.post('/people/invitations/:id/withdraw', withdraw)
  app.post('/people/:id/role', changeRole)
  app.get('/people/:id/remove', askToRemovePerson)
  app.post('/people/:id/remove', removePerson)
  return app
}

async function ownersOnly(page: PageRequest, next: () => Promise<void>): Promise<Response | void> {
  if (hasRight(requireSignedIn(page).role, 'govern')) return next()
  return showFailure(page, failure('forbidden', 'only owners of the account may do that'))
}
