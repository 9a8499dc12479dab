// Storage: objects that are stored, replaced, read and removed by the official client.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { connect, disconnectAll, service, signUp, succeed } from "./support.mjs";

/** @param {() => import("./support.mjs").Target} getTarget */
export function registerStorage(getTarget) {
  describe("storage", () => {
    const bucket = `voice-${randomUUID()}`;
    const open = `open-${randomUUID()}`;
    const sound = new Uint8Array([0x4f, 0x67, 0x67, 0x53, 0, 255, 10, 13]);
    let alice;
    let bob;

    before(async () => {
      const root = service(getTarget()).storage;
      succeed(await root.createBucket(bucket, { public: false, fileSizeLimit: 1000 }));
      succeed(await root.createBucket(open, { public: true, allowedMimeTypes: ["audio/*"] }));
      const ids = succeed(await root.listBuckets()).map(({ id }) => id);
      assert.ok(ids.includes(bucket) && ids.includes(open));
      assert.equal(succeed(await root.getBucket(open)).public, true);
      alice = await signUp(getTarget(), "Alice");
      bob = await signUp(getTarget(), "Bob");
    });
    after(disconnectAll);

    const of = (person, name = bucket) => person.client.storage.from(name);
    const bytes = async (answer) => new Uint8Array(await succeed(answer).arrayBuffer());
    const refused = ({ data, error }, status, message) => {
      assert.equal(data, null);
      assert.equal(error.statusCode, status, error.message);
      assert.match(error.message, message);
    };

    test("an object is read as it was stored, raw or in a form", async () => {
      const raw = `${alice.id}/ä b.ogg`;
      const stored = succeed(await of(alice).upload(raw, sound, { contentType: "audio/ogg" }));
      assert.equal(stored.path, raw);
      assert.equal(stored.fullPath, `${bucket}/${raw}`);
      const form = `${alice.id}/form.ogg`;
      const blob = new Blob([sound], { type: "audio/ogg" });
      succeed(await of(alice).upload(form, blob, { cacheControl: "60" }));
      for (const path of [raw, form]) {
        const answer = await of(bob).download(path);
        assert.equal(answer.data?.type, "audio/ogg");
        assert.deepEqual(await bytes(answer), sound);
      }
    });

    test("a name that is taken is refused, and replaced when that is meant", async () => {
      const path = `${alice.id}/twice.ogg`;
      const first = succeed(await of(alice).upload(path, sound));
      refused(await of(alice).upload(path, sound), "409", /already exists/);
      const longer = new Uint8Array([...sound, 1]);
      const replaced = succeed(await of(alice).upload(path, longer, { upsert: true }));
      assert.equal(replaced.id, first.id);
      assert.deepEqual(await bytes(await of(alice).download(path)), longer);
      succeed(await of(alice).update(path, sound));
      assert.deepEqual(await bytes(await of(alice).download(path)), sound);
      const other = await of(bob).upload(path, sound, { upsert: true });
      refused(other, "403", /row-level security/);
    });

    test("what is removed is gone, and what is somebody else's stays", async () => {
      const path = `${alice.id}/gone.ogg`;
      succeed(await of(alice).upload(path, sound));
      assert.deepEqual(succeed(await of(bob).remove([path])), []);
      assert.equal(succeed(await of(alice).exists(path)), true);
      assert.equal(succeed(await of(alice).info(path)).size, sound.length);
      const removed = succeed(await of(alice).remove([path, "never.ogg"]));
      assert.deepEqual(
        removed.map(({ name, bucket_id }) => [name, bucket_id]),
        [[path, bucket]],
      );
      const { data, error } = await of(alice).download(path);
      assert.equal(data, null);
      assert.ok(error);
      assert.equal((await of(alice).exists(path)).data, false);
    });

    test("a bucket's own limits hold", async () => {
      const large = await of(alice).upload("large.ogg", new Uint8Array(1001));
      refused(large, "413", /maximum allowed size/);
      const text = await of(alice, open).upload("a.txt", sound, { contentType: "text/plain" });
      refused(text, "415", /not supported/);
      const nowhere = await of(alice, "nowhere").upload("a.ogg", sound);
      refused(nowhere, "404", /Bucket not found/);
    });

    test("a public bucket is read by everybody, another by who is signed in", async () => {
      const path = `${alice.id}/open.ogg`;
      succeed(await of(alice, open).upload(path, sound, { contentType: "audio/ogg" }));
      succeed(await of(alice).upload(path, sound));
      const nobody = connect(getTarget()).storage;
      const { data } = nobody.from(open).getPublicUrl(path);
      const answer = await fetch(data.publicUrl);
      assert.deepEqual(new Uint8Array(await answer.arrayBuffer()), sound);
      assert.ok((await nobody.from(bucket).download(path)).error);
      refused(await nobody.from(open).upload("b.ogg", sound), "403", /row-level security/);
    });
  });
}
