/** The first page: how clients connect to this server. */
/** @jsxImportSource hono/jsx */
import { Hono } from 'hono'
import type { Env } from '../site.ts'
import { show } from '../view/layout.tsx'
import { Card, Code } from '../view/parts.tsx'

export function homePages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', (page) =>
    show(
      page,
      { title: 'Connect', section: '/', lead: 'Clients of itty-sockets connect as they are.' },
      <Card title="itty-sockets">
        <Code
          label="JavaScript"
          text={`import { connect } from 'itty-sockets'\n\nconnect('ws://…/c/lobby')`}
        />
      </Card>,
    ),
  )
  return app
}
