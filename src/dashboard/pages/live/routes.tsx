/** Every address of the live pages. */
/** @jsxImportSource hono/jsx */
import { type Handler, Hono } from 'hono'
import { failure } from '../../../failure.ts'
import { accountScope } from '../../access.ts'
import type { Env, PageRequest } from '../../page-request.ts'
import { showPart } from '../../view/layout.tsx'
import { showFailure } from '../failures.tsx'
import { askToDisconnect, disconnect, requestedChannel, publish } from './actions.tsx'
import type { VisibleChannel } from './addresses.ts'
import { showChannel, showConnectionsOf, showPeople } from './channel.tsx'
import { showChannels, showChannelsPart } from './channels.tsx'
import { showConnections, showConnectionsPart } from './connections.tsx'
import { Figures } from './layout.tsx'
import { showRefusals, showRefusalsPart } from './refusals.tsx'

export function livePages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', showChannels)
  app.get('/channels', showChannelsPart)
  app.get('/connections', showConnections)
  app.get('/connections/list', showConnectionsPart)
  app.get('/refusals', showRefusals)
  app.get('/refusals/list', showRefusalsPart)
  app.get('/figures', async (page) => {
    const figures = await page.var.parts.live.figures(accountScope(page))
    return showPart(page, <Figures figures={figures} />)
  })
  app.get('/channel', at(showChannel))
  app.get('/channel/people', at(showPeople))
  app.get('/channel/connections', at(showConnectionsOf))
  app.get('/disconnect', askToDisconnect)
  app.post('/disconnect', disconnect)
  app.post('/publish', publish)
  return app
}

/** Hands over the channel that the address names, if whoever asks may see it. */
function at(
  answer: (page: PageRequest, target: VisibleChannel) => Response | Promise<Response>,
): Handler<Env> {
  return (page) => {
    const target = requestedChannel(page, page.req.query('name') ?? '', page.req.query('app') ?? '')
    return target ? answer(page, target) : showFailure(page, failure('not_found'))
  }
}
