// An ESP32-C3 behind navigator.serial: as much of its ROM loader and of the stub as a flashing tool speaks with (SLIP, the serial protocol of esptool). What it is told to write lies in
// window.chip.flash, address by address. No byte of it is the flashing tool's own.
(() => {
  const chip = { flash: {}, opened: 0, log: [], reset: false };
  window.chip = chip;
  let toHost;
  let fromHost = [];
  let escape = false;
  let inFrame = false;
  let region = null;

  const word = (bytes, at) => (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;

  function send(bytes) {
    const out = [0xc0];
    for (const b of bytes) {
      if (b === 0xc0) out.push(0xdb, 0xdc);
      else if (b === 0xdb) out.push(0xdb, 0xdd);
      else out.push(b);
    }
    out.push(0xc0);
    toHost.enqueue(Uint8Array.from(out));
  }

  const answer = (op, value = 0, data = [0, 0]) => send([1, op, data.length & 0xff, data.length >> 8, value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24, ...data]);

  // 0x40001000 tells the family; all other registers read as nothing: no eFuse is burned, no SPI transfer is going on.
  const register = (address) => (address === 0x40001000 ? 0x1b31506f : 0);

  function take(frame) {
    const op = frame[1];
    const data = Uint8Array.from(frame.slice(8));
    chip.log.push(op);
    switch (op) {
      case 0x08: // sync: the ROM answers eight times
        for (let i = 0; i < 8; i++) answer(op, 0x07, [0, 0]);
        break;
      case 0x0a:
        answer(op, register(word(data, 0)));
        break;
      case 0x14: // security info: flags, keys, chip id 5 (ESP32-C3), api version
        answer(op, 0, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        break;
      case 0x06: // the stub is in RAM and runs
        answer(op);
        send([0x4f, 0x48, 0x41, 0x49]);
        break;
      case 0x10: // deflated data for an address
        region = { address: word(data, 12), size: word(data, 0), blocks: [] };
        chip.flash[region.address] = region;
        answer(op);
        break;
      case 0x11:
        region.blocks.push(data.slice(16, 16 + word(data, 0)));
        answer(op);
        break;
      default:
        answer(op);
    }
  }

  function bytes(chunk) {
    for (const b of chunk) {
      if (b === 0xc0) {
        if (inFrame && fromHost.length > 0) {
          take(fromHost);
        }
        inFrame = !(inFrame && fromHost.length > 0);
        fromHost = [];
      } else if (inFrame) {
        if (escape) fromHost.push(b === 0xdc ? 0xc0 : 0xdb);
        else if (b !== 0xdb) fromHost.push(b);
        escape = !escape && b === 0xdb;
      }
    }
  }

  const port = {
    readable: null,
    writable: null,
    async open() {
      chip.opened++;
      inFrame = false;
      this.readable = new ReadableStream({ start(controller) { toHost = controller; } });
      this.writable = new WritableStream({ write: bytes });
    },
    async close() {
      this.readable = null;
      this.writable = null;
    },
    getInfo: () => ({ usbVendorId: 0x10c4, usbProductId: 0xea60 }),
    async setSignals(signals) {
      chip.reset ||= signals.requestToSend === true;
    },
    addEventListener() {},
    removeEventListener() {},
  };

  Object.defineProperty(navigator, "serial", { value: { requestPort: async () => port, getPorts: async () => [port], addEventListener() {}, removeEventListener() {} } });

  // What lies at an address, as the chip would have it: inflated, as base64.
  window.flashAt = async (address) => {
    const at = chip.flash[address];
    const stream = new Blob(at.blocks).stream().pipeThrough(new DecompressionStream("deflate"));
    const all = new Uint8Array(await new Response(stream).arrayBuffer());
    let text = "";
    for (const b of all) text += String.fromCharCode(b);
    return btoa(text);
  };
})();
