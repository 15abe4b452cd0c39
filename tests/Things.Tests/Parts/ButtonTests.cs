using System.Device.Gpio;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class ButtonTests
{
    private const int Pin = 4;
    private readonly VirtualGpioDriver _pins = new();
    private readonly GpioController _gpio;
    private long _now;

    public ButtonTests() => _gpio = new GpioController(_pins);

    [Fact]
    public void A_contact_that_bounces_is_one_press()
    {
        var button = new Button(_gpio, Pin);
        Assert.Equal(0, Run(button, 100));
        // 20 ms of bouncing, as cheap buttons do.
        int presses = 0;
        for (int i = 0; i < 5; i++)
        {
            Move(i % 2 == 0);
            presses += Run(button, 4, step: 2);
        }

        Assert.Equal(0, presses);
        Assert.Equal(1, Run(button, 60));
        Assert.True(button.TryRead(out bool down) && down);
        Move(false);
        Assert.Equal(0, Run(button, 60));
        Assert.True(button.TryRead(out down) && !down);
        Assert.Equal(1, button.Presses);
    }

    [Fact]
    public void A_spike_shorter_than_the_quiet_time_is_no_press()
    {
        var button = new Button(_gpio, Pin);
        Run(button, 40);
        Move(true);
        Assert.Equal(0, Run(button, Button.DebounceMs - 10, step: 5));
        Move(false);
        Assert.Equal(0, Run(button, 200));
        Assert.Equal(0, button.Presses);
    }

    [Fact]
    public void A_button_that_is_held_at_the_start_is_no_press_until_it_was_let_go()
    {
        Move(true);
        var button = new Button(_gpio, Pin);
        Assert.Equal(0, Run(button, 500));
        Assert.True(button.TryRead(out bool down) && down);
        Move(false);
        Run(button, 100);
        Move(true);
        Assert.Equal(1, Run(button, 100));
    }

    [Fact]
    public void A_part_counts_presses_and_tells_press_and_release_at_once()
    {
        var sensor = new ButtonSensor(new Button(_gpio, Pin));
        var sample = new Sample();
        List<string> told = [];
        foreach (bool down in (bool[])[false, true, false, true])
        {
            Move(down);
            for (int i = 0; i < 10; i++)
            {
                _now += Button.StepIntervalMs;
                if (sensor.Step(_now))
                {
                    sample.Clear(_now);
                    Assert.True(sensor.TrySample(sample));
                    told.Add($"{sample.Value(0)} {sample.Value(1)}");
                }
            }
        }

        Assert.Equal(["true 1", "false 1", "true 2"], told);
        Assert.Equal(Button.StepIntervalMs, sensor.StepIntervalMs);
    }

    private void Move(bool down)
    {
        if (down)
        {
            _pins.SetInput(Pin, PinValue.Low);
        }
        else
        {
            _pins.SetInput(Pin, PinValue.High);
        }
    }

    // Steps for so many milliseconds; returns the presses that were told.
    private int Run(Button button, int milliseconds, int step = 10)
    {
        int presses = 0;
        for (long end = _now + milliseconds; _now < end;)
        {
            _now += step;
            presses += button.Step(_now) ? 1 : 0;
        }

        return presses;
    }
}
