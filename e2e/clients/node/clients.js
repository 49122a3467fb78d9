// node-postgres through the gate. Every step asserts; the first that fails ends the
// process with its name. The environment says where the two gates are: GUARDED is a
// repair group's database with a grant for names and phones, PLAIN one in which
// nothing is declared.
'use strict'
const assert = require('node:assert/strict')
const fs = require('node:fs')
const { pipeline } = require('node:stream/promises')
const { Readable, Writable } = require('node:stream')
const { Client, Pool } = require('pg')
const Cursor = require('pg-cursor')
const { to: copyTo, from: copyFrom } = require('pg-copy-streams')

const guarded = process.env.GUARDED
const plain = process.env.PLAIN

async function connected (connectionString, more, use) {
  const client = new Client({ connectionString, ...more })
  client.on('error', () => {})
  await client.connect()
  try { return await use(client) } finally { await client.end() }
}

async function rejected (promise, code) {
  try { await promise } catch (err) {
    assert.equal(err.code, code, err.message)
    return err
  }
  assert.fail(`expected SQLSTATE ${code}`)
}

async function collect (stream) {
  const parts = []
  await pipeline(stream, new Writable({ write (chunk, _, done) { parts.push(chunk); done() } }))
  return Buffer.concat(parts).toString()
}

const steps = {
  async 'simple and parametrised queries' () {
    await connected(guarded, {}, async (c) => {
      const one = await c.query('SELECT id, name FROM customers WHERE id = 1')
      assert.equal(one.rows[0].id, '1')
      assert.deepEqual(one.fields.map((f) => f.name), ['id', 'name'])
      const two = await c.query('SELECT id, name FROM customers WHERE id = ANY($1) ORDER BY id', [[2, 3]])
      assert.deepEqual(two.rows.map((r) => r.id), ['2', '3'])
      const several = await c.query('SELECT 1 AS a; SELECT id, name FROM customers WHERE id = 4')
      assert.equal(several.length, 2)
      assert.equal(several[1].rows[0].id, '4')
      const nothing = await c.query('SELECT id, name FROM customers WHERE id = $1', [null])
      assert.equal(nothing.rowCount, 0)
    })
  },
  async 'prepared statements' () {
    await connected(guarded, {}, async (c) => {
      for (const id of [5, 6, 7]) {
        const r = await c.query({ name: 'look', text: 'SELECT id, name, phone FROM customers WHERE id = $1', values: [id] })
        assert.equal(r.rows[0].id, String(id))
      }
    })
  },
  async 'transactions and a refused statement in the middle' () {
    await connected(guarded, {}, async (c) => {
      await c.query('BEGIN')
      const err = await rejected(c.query('SELECT id, email FROM customers WHERE id = $1', [8]), '42501')
      assert.match(err.message, /^custody: your grant does not include email/)
      assert.match(err.hint, /custody grant add/)
      assert.equal(err.severity, 'ERROR')
      await rejected(c.query('SELECT 1'), '25P02')
      await c.query('ROLLBACK')
      assert.equal((await c.query('SELECT 1 AS x')).rows[0].x, 1)
    })
  },
  async 'cursors' () {
    await connected(guarded, {}, async (c) => {
      const cursor = c.query(new Cursor('SELECT id, name FROM customers WHERE id >= $1 ORDER BY id', [100]))
      assert.equal((await cursor.read(5)).length, 5)
      assert.equal((await cursor.read(5))[4].id, '109')
      await cursor.close()
    })
  },
  async 'COPY streams' () {
    await connected(guarded, {}, async (c) => {
      const text = await collect(c.query(copyTo('COPY (SELECT id, name FROM customers WHERE id BETWEEN 200 AND 204) TO STDOUT WITH (FORMAT csv)')))
      assert.equal(text.trim().split('\n').length, 5)
      await c.query('CREATE TEMP TABLE parts (n int, t text)')
      const lines = Array.from({ length: 20000 }, (_, i) => `${i}\tpart ${i}\n`)
      await pipeline(Readable.from(lines), c.query(copyFrom('COPY parts FROM STDIN')))
      assert.equal((await c.query('SELECT count(*)::int AS n FROM parts')).rows[0].n, 20000)
      await rejected(pipeline(Readable.from(['x\ty\n']), c.query(copyFrom('COPY parts FROM STDIN'))), '22P02')
      await rejected(collect(c.query(copyTo('COPY customers (id, email) TO STDOUT'))), '42501')
    })
  },
  async 'errors with their fields' () {
    await connected(plain, {}, async (c) => {
      await c.query('CREATE TABLE IF NOT EXISTS jobs (id int PRIMARY KEY, hours numeric CONSTRAINT positive CHECK (hours > 0))')
      await c.query('TRUNCATE jobs')
      await c.query('INSERT INTO jobs VALUES (1, 2)')
      const twice = await rejected(c.query('INSERT INTO jobs VALUES (1, 3)'), '23505')
      assert.equal(twice.table, 'jobs')
      assert.equal(twice.constraint, 'jobs_pkey')
      assert.equal(twice.detail, 'Key (id)=(1) already exists.')
      const negative = await rejected(c.query('INSERT INTO jobs VALUES (2, -1)'), '23514')
      assert.equal(negative.constraint, 'positive')
      const where = await rejected(c.query('SELECT nosuch FROM jobs'), '42703')
      assert.equal(where.position, '8')
    })
  },
  async 'LISTEN and NOTIFY' () {
    await connected(plain, {}, async (listener) => {
      await listener.query('LISTEN work')
      const heard = new Promise((resolve) => listener.on('notification', resolve))
      await connected(plain, {}, (c) => c.query("NOTIFY work, 'job 7'"))
      const n = await heard
      assert.equal(n.channel, 'work')
      assert.equal(n.payload, 'job 7')
    })
  },
  async 'TLS with the authority of the site' () {
    const url = new URL(guarded)
    url.search = ''
    url.hostname = 'localhost'
    const ca = fs.readFileSync(process.env.AUTHORITY)
    await connected(url.href, { ssl: { ca } }, async (c) => {
      assert.equal((await c.query('SELECT id, name FROM customers WHERE id = 300')).rows[0].id, '300')
    })
    const stranger = new Client({ connectionString: url.href, ssl: {} })
    await assert.rejects(stranger.connect(), /certificate/)
  },
  async 'a personal certificate' () {
    const url = new URL(guarded)
    url.search = ''
    url.hostname = 'localhost'
    url.password = ''
    const [ca, cert, key] = ['AUTHORITY', 'CERTIFICATE', 'KEY'].map((n) => fs.readFileSync(process.env[n]))
    await connected(url.href, { ssl: { ca, cert, key } }, async (c) => {
      assert.equal((await c.query('SELECT id, name FROM customers WHERE id = 301')).rows[0].id, '301')
    })
  },
  async 'cancelling, by timeout and by another session' () {
    await connected(plain, {}, async (c) => {
      await c.query("SET statement_timeout = '50ms'")
      await rejected(c.query('SELECT pg_sleep(60)'), '57014')
      await c.query('RESET statement_timeout')
      const { pid } = (await c.query('SELECT pg_backend_pid() AS pid')).rows[0]
      assert.equal(c.processID, pid)
      const slept = rejected(c.query('SELECT pg_sleep(60)'), '57014')
      await connected(plain, {}, async (other) => {
        const asleep = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'"
        while ((await other.query(asleep, [pid])).rowCount === 0);
        await other.query('SELECT pg_cancel_backend($1)', [pid])
      })
      await slept
      const ended = rejected(c.query('SELECT pg_sleep(60)'), '57P01')
      await connected(plain, {}, (other) => other.query('SELECT pg_terminate_backend($1)', [pid]))
      await ended
    })
  },
  async 'a pool' () {
    const pool = new Pool({ connectionString: guarded, max: 8 })
    const ids = Array.from({ length: 100 }, (_, i) => i + 400)
    const rows = await Promise.all(ids.map((id) => pool.query('SELECT id, name FROM customers WHERE id = $1', [id])))
    assert.deepEqual(rows.map((r) => Number(r.rows[0].id)), ids)
    await pool.end()
  },
  async 'a wrong token' () {
    const url = new URL(guarded)
    url.password = 'wrong'
    await rejected(new Client({ connectionString: url.href }).connect(), '28P01')
  }
}

async function main () {
  for (const [name, step] of Object.entries(steps)) {
    try { await step() } catch (err) {
      console.error(`${name}: ${err.stack}`)
      process.exit(1)
    }
    console.log(`ok ${name}`)
  }
}

main()
