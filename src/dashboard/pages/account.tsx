/** The account page: your password and sessions, and the people of the account. */
/** @jsxImportSource hono/jsx */
import { Hono } from 'hono'
import type { Env } from '../site.ts'
import { show } from '../view/layout.tsx'
import { Card } from '../view/parts.tsx'

export function accountPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', (page) =>
    show(page, { title: 'Account', section: '/account' }, <Card title="Sessions">…</Card>),
  )
  return app
}
