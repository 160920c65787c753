/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tiny: the smallest guest that can tell what it sees: every PCI function, with a register of those it knows
 *
 * A multiboot kernel for QEMU's q35 with SeaBIOS, without any library. On the serial line it repeats, once a
 * second,
 *
 *     REPORT
 *     0000:01:00.0 10de:2204 030000 0x1234
 *     END
 *
 * until the power button is pressed: address, id, class code, and the register, of a bridge the buses behind it, or "-".
 */
#include <stdbool.h>
#include <stdint.h>

#define SERIAL 0x3f8
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define INTERRUPT_MASK 0x21
#define TIMER_VECTOR 8
/* the ACPI registers, where SeaBIOS puts those of the ICH9 */
#define PM1_STATUS 0x600
#define PM1_ENABLE 0x602
#define PM1_CONTROL 0x604
#define POWER_BUTTON 0x100
#define SLEEP_ENABLE 0x2000

/* clang-format off */
__asm__(".text\n"
        ".align 4\n"
        ".long 0x1badb002, 0, -0x1badb002\n" /* multiboot, no flags */
        ".globl _start\n"
        "_start:\n"
        "    mov $stack + 4096, %esp\n"
        "    lgdt descriptors_pointer\n"
        "    ljmp $8, $1f\n"
        "1:  mov $16, %eax\n"
        "    mov %eax, %ds\n"
        "    mov %eax, %es\n"
        "    mov %eax, %ss\n"
        "    call run\n"
        "timer:\n"
        "    push %eax\n"
        "    mov $0x20, %al\n" /* to the interrupt controller: done with it */
        "    out %al, $0x20\n"
        "    pop %eax\n"
        "    iret\n"
        ".align 8\n"
        "descriptors:\n" /* of flat code and data */
        "    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff\n"
        "descriptors_pointer:\n"
        "    .word . - descriptors - 1\n"
        "    .long descriptors\n"
        "    .comm stack, 4096, 16\n");
/* clang-format on */

extern const char timer[];

static inline void
out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void
out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void
out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t
in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint16_t
in16(uint16_t port)
{
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint32_t
in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void
print(const char *text)
{
    for (; *text; text++) {
        while (!(in8(SERIAL + 5) & 0x20))
            ;
        out8(SERIAL, (uint8_t)*text);
    }
}

static void
print_hex(uint32_t value, int digits)
{
    while (digits-- > 0)
        print((char[]){"0123456789abcdef"[value >> 4 * digits & 15], '\0'});
}

typedef struct function {
    uint32_t bus, slot, number;
} function;

static uint32_t
read_config(const function *at, uint32_t offset)
{
    out32(CONFIG_ADDRESS, 0x80000000u | at->bus << 16 | at->slot << 11 | at->number << 8 | offset);
    return in32(CONFIG_DATA);
}

static void
write_config(const function *at, uint32_t offset, uint32_t value)
{
    out32(CONFIG_ADDRESS, 0x80000000u | at->bus << 16 | at->slot << 11 | at->number << 8 | offset);
    out32(CONFIG_DATA, value);
}

/* A register of 16 bits, of which the value is known, for each kind of card in the machine. tests/e2e/lib.sh has the values. */
static const struct {
    uint32_t id, bar, offset;
} registers[] = {
    {0x50461002, 2, 0xf02}, /* ATI Rage 128: its PCI device id */
    {0x11111234, 2, 0x500}, /* Bochs display: the version of its VBE interface */
    {0x26688086, 0, 0},     /* Intel HD Audio: capabilities and version */
    {0x000d1b36, 0, 0},     /* QEMU xHCI: the length and version of its capabilities */
    {0x100e8086, 0, 8},     /* e1000: status */
    {0x10d38086, 0, 8},     /* e1000e: status */
};

static void
print_register(const function *at, uint32_t id)
{
    for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        if (registers[i].id != id)
            continue;
        write_config(at, 4, read_config(at, 4) | 2); /* memory on */
        uint32_t bar = read_config(at, 0x10 + 4 * registers[i].bar) & ~15u;
        print("0x");
        print_hex(*(volatile uint16_t *)(bar + registers[i].offset), 4);
        return;
    }
    print("-");
}

static bool
is_bridge(const function *at)
{
    return (read_config(at, 12) >> 16 & 0x7f) == 1;
}

/* "02-04": a bridge's secondary and subordinate bus */
static void
print_buses(const function *at)
{
    uint32_t buses = read_config(at, 0x18);

    print_hex(buses >> 8 & 0xff, 2);
    print("-");
    print_hex(buses >> 16 & 0xff, 2);
}

static void
print_function(const function *at, uint32_t id)
{
    print("0000:");
    print_hex(at->bus, 2);
    print(":");
    print_hex(at->slot, 2);
    print(".");
    print_hex(at->number, 1);
    print(" ");
    print_hex(id & 0xffff, 4);
    print(":");
    print_hex(id >> 16, 4);
    print(" ");
    print_hex(read_config(at, 8) >> 8, 6);
    print(" ");
    if (is_bridge(at))
        print_buses(at);
    else
        print_register(at, id);
    print("\r\n");
}

/* Functions without a function 0 cannot be found: so it is in any system. */
static void
report_slot(uint32_t bus, uint32_t slot)
{
    function at = {bus, slot, 0};
    bool several = read_config(&at, 12) & 0x800000;

    for (at.number = 0; at.number < 8; at.number++) {
        uint32_t id = read_config(&at, 0);

        if ((id & 0xffff) != 0xffff)
            print_function(&at, id);
        else if (at.number == 0)
            return;
        if (!several)
            return;
    }
}

static void
report(void)
{
    print("REPORT\r\n");
    /* the higher ones are an expander's: what is not itself a port there is alone on its bus */
    for (uint32_t bus = 0; bus < 256; bus++)
        for (uint32_t slot = 0; slot < (bus < 16 ? 32 : 1); slot++)
            report_slot(bus, slot);
    print("END\r\n");
}

/* The PC's timer, of 18.2 interrupts a second, as the firmware left it; every other interrupt is masked. */
static void
start_timer(void)
{
    static uint64_t table[TIMER_VECTOR + 1];
    struct __attribute__((packed)) {
        uint16_t limit;
        const uint64_t *table;
    } pointer = {sizeof(table) - 1, table};
    uint32_t handler = (uint32_t)timer;

    table[TIMER_VECTOR] = (uint64_t)(handler >> 16) << 48 | 0x8e0000080000 | (handler & 0xffff);
    __asm__ volatile("lidt %0" : : "m"(pointer));
    out8(INTERRUPT_MASK, 0xfe);
}

void
run(void)
{
    start_timer();
    out16(PM1_ENABLE, POWER_BUTTON);
    for (;;) {
        report();
        for (int ticks = 0; ticks < 18; ticks++) {
            __asm__ volatile("sti; hlt; cli");
            if (in16(PM1_STATUS) & POWER_BUTTON)
                out16(PM1_CONTROL, SLEEP_ENABLE);
        }
    }
}
